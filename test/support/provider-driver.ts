import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually';
import { buildNodeProviderZip, THIS_PLATFORM, type ZipFaults } from './node-provider/node-provider-zip';
import { generateKey } from './openpgp-keys';
import { ADMIN_KEY, type TestResponse } from './test-server';

/** What these drivers need of a server: where it is, and a key that may do everything. */
export interface RegistryServer {
  url: string;
  adminKey?: string;
  request(method: string, path: string, body?: unknown, key?: string | null): Promise<TestResponse>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as the API answers
export type Body = any;

export interface FormFile {
  bytes: Buffer;
  fileName?: string;
}

let counter = 0;

/** A name nobody else has: letters, digits and a dash. */
export function uniqueName(prefix = 'thing'): string {
  return `${prefix}-${++counter}`;
}

/** Sends a form; a value that is no text is a file. */
export async function sendForm(
  server: RegistryServer,
  path: string,
  fields: Record<string, string | FormFile>,
  key: string = server.adminKey ?? ADMIN_KEY,
): Promise<TestResponse> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value.bytes)]), value.fileName ?? name);
  }
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: form,
  });
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, text, body };
}

/** A request that must succeed. @throws Error with the answer */
export async function demand(
  server: RegistryServer,
  method: string,
  path: string,
  body?: unknown,
  key?: string,
): Promise<Body> {
  const answer = await server.request(method, path, body, key);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** Makes a namespace. */
export function createNamespace(server: RegistryServer, fields: Record<string, unknown> = {}): Promise<Body> {
  return demand(server, 'POST', '/api/namespaces', { name: uniqueName('ns'), ...fields });
}

/** Makes a namespace with a signing key that is made and signs in a moment; the platform's own take a second. */
export async function createSigningNamespace(
  server: RegistryServer,
  fields: Record<string, unknown> = {},
): Promise<Body> {
  const namespace: Body = await createNamespace(server, fields);
  const { privateKey } = await generateKey();
  await demand(server, 'POST', `/api/namespaces/${namespace.id}/signing-keys`, { private_key: privateKey });
  return namespace;
}

/** Makes a key of a namespace; null: of the platform. @returns what is shown this once */
export function createKey(
  server: RegistryServer,
  namespaceId: string | null,
  permissions: 'read' | 'write' | 'admin',
  fields: Record<string, unknown> = {},
): Promise<{ id: string; key: string }> {
  const path = namespaceId === null ? '/api/api-keys' : `/api/namespaces/${namespaceId}/api-keys`;
  return demand(server, 'POST', path, { name: uniqueName('key'), permissions, ...fields });
}

/** A good package as bytes: the Node provider. That of each platform is another, as those of Go are. */
export async function packageBytes(
  name: string,
  version: string,
  platform: { os: string; arch: string } = THIS_PLATFORM,
  faults: ZipFaults = {},
): Promise<Buffer> {
  const directory = mkdtempSync(join(tmpdir(), 'plomada-package-'));
  try {
    const extraEntries = { PLATFORM: `${platform.os}_${platform.arch}\n`, ...faults.extraEntries };
    const { path } = await buildNodeProviderZip({ name, version, ...platform, directory }, { ...faults, extraEntries });
    return readFileSync(path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A provider of a namespace, with what its publisher does to it. */
export class ProviderDriver {
  private constructor(
    readonly server: RegistryServer,
    readonly id: string,
    readonly namespace: string,
    readonly namespaceId: string,
    readonly name: string,
  ) {}

  /** Makes it in a namespace of its own with a signing key, unless one is given. */
  static async create(
    server: RegistryServer,
    { namespace, ...fields }: { namespace?: Body } & Record<string, unknown> = {},
  ): Promise<ProviderDriver> {
    const home: Body = namespace ?? (await createSigningNamespace(server));
    const body = { namespace_id: home.id, name: uniqueName('acme'), ...fields };
    const made = await demand(server, 'POST', '/api/providers', body);
    return new ProviderDriver(server, made.id, home.name, home.id, made.name);
  }

  /** The same provider, served by another process. */
  on(server: RegistryServer): ProviderDriver {
    return new ProviderDriver(server, this.id, this.namespace, this.namespaceId, this.name);
  }

  get path(): string {
    return `/api/providers/${this.id}`;
  }

  versionPath(versionId: string): string {
    return `${this.path}/versions/${versionId}`;
  }

  get registryPath(): string {
    return `/v1/providers/${this.namespace}/${this.name}`;
  }

  draft(version: string, fields: Record<string, unknown> = {}): Promise<Body> {
    return demand(this.server, 'POST', `${this.path}/versions`, { version, ...fields });
  }

  /** The version as the list of versions shows it now. */
  async version(versionId: string): Promise<Body> {
    const versions: Body[] = await demand(this.server, 'GET', `${this.path}/versions`);
    return versions.find(({ id }) => id === versionId);
  }

  upload(
    versionId: string,
    bytes: Buffer,
    platform: { os: string; arch: string } = THIS_PLATFORM,
    key?: string,
  ): Promise<TestResponse> {
    const fields = { ...platform, file: { bytes, fileName: 'provider.zip' } };
    return sendForm(this.server, `${this.versionPath(versionId)}/platforms/upload`, fields, key);
  }

  publish(versionId: string, key?: string): Promise<TestResponse> {
    return this.server.request('POST', `${this.versionPath(versionId)}/publish`, undefined, key);
  }

  /** Draft, packages, publication. @returns the published version */
  async release(
    number: string,
    platforms: { os: string; arch: string }[] = [THIS_PLATFORM],
    fields: Record<string, unknown> = {},
  ): Promise<Body> {
    const draft = await this.draft(number, { protocols: ['6.0'], ...fields });
    for (const platform of platforms) {
      const uploaded = await this.upload(draft.id, await packageBytes(this.name, number, platform), platform);
      if (uploaded.status !== 201) throw new Error(`upload: ${uploaded.status} ${uploaded.text}`);
    }
    const published = await this.publish(draft.id);
    if (published.status !== 200) throw new Error(`publish: ${published.status} ${published.text}`);
    return published.body;
  }

  /** What a client is told of a package. */
  download(
    number: string,
    { os, arch }: { os: string; arch: string } = THIS_PLATFORM,
    key?: string | null,
  ): Promise<TestResponse> {
    return this.server.request('GET', `${this.registryPath}/${number}/download/${os}/${arch}`, undefined, key);
  }

  /** Everything a client fetches of a package, as bytes. @throws Error unless each is there */
  async fetchAll(number: string, platform = THIS_PLATFORM): Promise<FetchedPackage> {
    const answer = await this.download(number, platform);
    if (answer.status !== 200) throw new Error(`download: ${answer.status} ${answer.text}`);
    const fetched = async (path: string): Promise<Buffer> => {
      // Without a key: no client sends one there.
      const response = await fetch(new URL(path, this.server.url));
      const bytes = Buffer.from(await response.arrayBuffer());
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${bytes.toString()}`);
      return bytes;
    };
    const [zip, shasums, signature] = await Promise.all([
      fetched(answer.body.download_url),
      fetched(answer.body.shasums_url),
      fetched(answer.body.shasums_signature_url),
    ]);
    return { json: answer.text, document: answer.body, zip, shasums, signature };
  }

  /** Starts a build. */
  async build(versionId: string, platforms?: { os: string; arch: string }[]): Promise<Body> {
    return demand(this.server, 'POST', `${this.versionPath(versionId)}/builds`, platforms ? { platforms } : {});
  }

  getBuild(versionId: string, buildId: string): Promise<Body> {
    return demand(this.server, 'GET', `${this.versionPath(versionId)}/builds/${buildId}`);
  }

  async buildLog(versionId: string, buildId: string): Promise<string> {
    return (await this.server.request('GET', `${this.versionPath(versionId)}/builds/${buildId}/log?color=false`)).text;
  }

  /** Waits until the build is in one of these states. @throws Error as soon as it has ended in another */
  async reachBuild(versionId: string, buildId: string, ...statuses: string[]): Promise<Body> {
    let last = '';
    return eventually(
      `the build to be ${statuses.join(' or ')}`,
      async () => {
        const build = await this.getBuild(versionId, buildId);
        last = JSON.stringify(build);
        if (statuses.includes(build.status)) return build;
        if (build.completed_at !== null) {
          throw new Error(`The build ended otherwise: ${last}\n${await this.buildLog(versionId, buildId)}`);
        }
        return null;
      },
      60_000,
      () => last,
    );
  }
}

/** What a client has in its hands before it installs. */
export interface FetchedPackage {
  json: string;
  document: Body;
  zip: Buffer;
  shasums: Buffer;
  signature: Buffer;
}
