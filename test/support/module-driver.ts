import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually';
import type { Files } from './git-fixture';
import { ADMIN_KEY, type TestResponse } from './test-server';

/** What a driver needs of a server. */
export interface RegistryServer {
  url: string;
  /** The admin key; the test server's when absent. */
  adminKey?: string;
  dataDir: string;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- modules and versions as the API answers them
type Body = any;

/** Files of the smallest module there is. */
export const SMALL_MODULE = {
  'main.tf': 'variable "who" {\n  default = "world"\n}\noutput "hello" {\n  value = var.who\n}\n',
};

let moduleNumber = 0;

/** A request with any body and any headers. */
export async function send(
  server: RegistryServer,
  method: string,
  path: string,
  options: { key?: string | null; body?: string | Buffer | FormData; headers?: Record<string, string> } = {},
): Promise<TestResponse> {
  const { key = server.adminKey ?? ADMIN_KEY, body, headers = {} } = options;
  const response = await fetch(`${server.url}${path}`, {
    method,
    // A connection of its own: one that idled while a test kept this process busy may just be being closed.
    headers: { connection: 'close', ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : Uint8Array.from(Buffer.from(body)) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The form of an upload. */
export function uploadForm(version: string, archive: Buffer, filename = 'module.tar.gz'): FormData {
  const form = new FormData();
  form.set('version', version);
  form.set('file', new Blob([Uint8Array.from(archive)]), filename);
  return form;
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What a server keeps of uploads and checkouts that have not ended; nothing at rest. */
export function leftovers(dataDir: string): string[] {
  return [join(dataDir, 'staging'), join(dataDir, 'artifacts', '.incoming')].flatMap((folder) =>
    readdirSync(folder).map((name) => join(folder, name)),
  );
}

/** Waits until nothing is under way any more: what a request leaves goes just after its answer. */
export async function expectNoLeftovers(dataDir: string): Promise<void> {
  await eventually(
    'staging to be empty',
    () => leftovers(dataDir).length === 0,
    5_000,
    () => `(${leftovers(dataDir).length} left)`,
  );
}

/** A module of a server, with what a publisher and a client do to it. */
export class ModuleDriver {
  private constructor(
    /** May be replaced by another process that serves the same data. */
    public server: RegistryServer,
    readonly id: string,
    readonly name: string,
    readonly namespace: string,
  ) {}

  /** @throws Error when it is not made */
  static async create(server: RegistryServer, fields: Record<string, unknown> = {}): Promise<ModuleDriver> {
    const answer = await send(server, 'POST', '/api/modules', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ namespace_id: 'default', name: `module-${++moduleNumber}`, provider: 'test', ...fields }),
    });
    if (answer.status !== 201) throw new Error(`The module was not made: ${answer.text}`);
    return new ModuleDriver(server, answer.body.id, answer.body.name, answer.body.namespace);
  }

  get path(): string {
    return `/api/modules/${this.id}`;
  }

  /** Where clients ask for it. */
  get protocolPath(): string {
    return `/v1/modules/${this.namespace}/${this.name}/test`;
  }

  request(method: string, path: string, body?: unknown, key?: string | null): Promise<TestResponse> {
    const json =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return send(this.server, method, `${this.path}${path}`, { ...json, ...(key === undefined ? {} : { key }) });
  }

  upload(version: string, archive: Buffer, key?: string): Promise<TestResponse> {
    return send(this.server, 'POST', `${this.path}/versions`, {
      body: uploadForm(version, archive),
      ...(key === undefined ? {} : { key }),
    });
  }

  /** @throws Error when it is not published */
  async publish(version: string, archive: Buffer): Promise<Body> {
    const answer = await this.upload(version, archive);
    if (answer.status !== 201) throw new Error(`The version was not published: ${answer.text}`);
    return answer.body;
  }

  async get(): Promise<Body> {
    return (await this.request('GET', '')).body;
  }

  async versions(): Promise<Body[]> {
    return (await this.request('GET', '/versions?limit=200')).body;
  }

  /** Numbers of the versions, highest first. */
  async numbers(): Promise<string[]> {
    return (await this.versions()).map(({ version }: { version: string }) => version);
  }

  async version(number: string): Promise<Body> {
    return (await this.versions()).find(({ version }: { version: string }) => version === number);
  }

  sync(): Promise<TestResponse> {
    return this.request('POST', '/sync-tags');
  }

  /** Waits until the tags were looked at for the first time, or again after `since`. */
  synced(since: string | null = null): Promise<Body> {
    return eventually('the sync', async () => {
      const module = await this.get();
      return module.last_synced_at !== null && module.last_synced_at !== since && module;
    });
  }

  /** Link to the archive, as a client is given it: path and query. */
  async link(version: string, key?: string | null): Promise<string> {
    const answer = await send(this.server, 'GET', `${this.protocolPath}/${version}/download`, {
      ...(key === undefined ? {} : { key }),
    });
    const link = answer.headers.get('x-terraform-get');
    if (answer.status !== 204 || link === null) throw new Error(`No link: ${answer.status} ${answer.text}`);
    return link;
  }

  /** The archive, as a client gets it: without a key. */
  async download(version: string): Promise<Buffer> {
    const response = await fetch(`${this.server.url}${await this.link(version)}`);
    if (!response.ok) throw new Error(`No archive: ${response.status} ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  }
}

/** Regular files of a repository as entries of an archive. */
export function asEntries(files: Files, folder = ''): { name: string; content: string }[] {
  return Object.entries(files).flatMap(([name, content]) =>
    typeof content === 'string' ? [{ name: `${folder}${name}`, content }] : [],
  );
}
