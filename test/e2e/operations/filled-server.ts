import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPEN_READONLY, OPEN_READWRITE, Database as SqliteHandle } from 'sqlite3';
import { tarGz } from '../../support/archive-builders';
import { processesOf } from '../../support/processes';
import { ModuleDriver, sha256, SMALL_MODULE } from '../../support/module-driver';
import { DeploymentDriver, type DrivenServer } from '../../support/run-driver';
import { type ServerProcess, startServerProcess } from '../../support/server-process';
import { sendRequest, type TestResponse } from '../../support/test-server';

export const ROOT = join(__dirname, '..', '..', '..');
export const PASSPHRASE = 'correct horse battery';
/** In no file of a backup and no output, in clear. */
export const CANARY = 'canary-s3cr3t-value';

export interface Ended {
  code: number | null;
  out: string;
}

/** Runs an operation as a process of its own. */
export function operate(name: string, args: string[], env: Record<string, string>): Promise<Ended> {
  return runNode([join(ROOT, 'dist', 'src', 'operations', 'main.js'), name, ...args], env);
}

export function runNode(args: string[], env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}

/** A server process, asked with an admin key that may be of an earlier one. */
export class Server {
  private constructor(
    readonly dataDir: string,
    readonly process: ServerProcess,
  ) {}

  /** @param adminKey one that the database knows already: a backup holds none, and the support reads it from a file */
  static async start(dataDir: string, env: Record<string, string> = {}, adminKey?: string): Promise<Server> {
    if (adminKey !== undefined) writeFileSync(join(dataDir, 'admin.key'), adminKey, { mode: 0o600 });
    return new Server(dataDir, await startServerProcess(dataDir, env));
  }

  get driven(): DrivenServer & { dataDir: string } {
    const { url, adminKey } = this.process;
    return { url, adminKey, dataDir: this.dataDir, request: (method, path, body) => this.ask(method, path, body) };
  }

  ask(method: string, path: string, body?: unknown): Promise<TestResponse> {
    return sendRequest(this.process.url, method, path, body, this.process.adminKey);
  }

  /** The body of an answer that must be a success. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of every shape
  async get(path: string): Promise<any> {
    const answer = await this.ask('GET', path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }
}

/** What a server was filled with. */
export interface Filled {
  deployment: DeploymentDriver;
  moduleId: string;
  webhook: string;
  archive: string;
  state: string;
}

const stateOf = (serial: number): string =>
  JSON.stringify({
    version: 4,
    terraform_version: '1.11.4',
    serial,
    lineage: '6f1c2d3e-0000-4000-8000-000000000001',
    outputs: { word: { value: CANARY, type: 'string' } },
    resources: [],
  });

/** Something of everything that is sealed or stored: credentials, webhook, signing key, run secrets, states, an archive. */
export async function fill(server: Server, files = { 'main.tf': 'terraform {}\n' }): Promise<Filled> {
  const { driven } = server;
  const deployment = await DeploymentDriver.create(driven, files, { git_username: 'me', git_password: CANARY });
  const module = await ModuleDriver.create(driven);
  await module.publish('1.0.0', tarGz([{ name: 'main.tf', content: SMALL_MODULE['main.tf'] }]));
  const hook = await server.ask('POST', `/api/modules/${module.id}/webhook`);
  const namespaces = await server.get('/api/namespaces');
  await server.ask('POST', `/api/namespaces/${namespaces[0].id}/signing-keys`, {});
  for (const serial of [1, 2]) {
    const answer = await server.ask('POST', `${deployment.path}/state/versions`, stateOf(serial));
    if (answer.status !== 201) throw new Error(answer.text);
  }
  const variables = [{ key: 'y', value: CANARY, category: 'terraform', sensitive: true, hcl: false }];
  const stored = await server.ask('PUT', `${deployment.path}/variables`, variables);
  if (stored.status !== 200) throw new Error(stored.text);
  const run = await deployment.start({ operation: 'plan', sensitive_env_vars: { TF_VAR_x: CANARY } });
  await deployment.reach(run.id, 'success', 'failed');
  const [row] = await query(server.dataDir, 'SELECT sha256 FROM module_versions');
  return {
    deployment,
    moduleId: module.id,
    webhook: new URL(hook.body.url).pathname,
    archive: String(row!.sha256),
    state: stateOf(2),
  };
}

/** Asks for everything that was filled in; each answer needs the right key. */
export async function expectAllThere(server: Server, filled: Filled): Promise<void> {
  const hook = await server.get(`/api/modules/${filled.moduleId}/webhook`);
  expect(new URL(hook.url).pathname).toBe(filled.webhook);
  const [version] = await server.get(`${filled.deployment.path}/state/versions`);
  const raw = await server.ask('GET', `${filled.deployment.path}/state/versions/${version.id}?download=true`);
  expect(raw.text).toBe(filled.state);
  expect(sha256(readFileSync(join(server.dataDir, 'artifacts', filled.archive.slice(0, 2), filled.archive)))).toBe(
    filled.archive,
  );
  // It opens the credentials of the repository.
  expect((await server.ask('GET', `${filled.deployment.path}/references`)).text).not.toContain('decrypted');
}

export function query(dataDir: string, sql: string): Promise<Record<string, unknown>[]> {
  return onDatabase(dataDir, OPEN_READONLY, sql);
}

export async function change(dataDir: string, sql: string): Promise<void> {
  await onDatabase(dataDir, OPEN_READWRITE, sql);
}

function onDatabase(dataDir: string, mode: number, sql: string): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const handle = new SqliteHandle(join(dataDir, 'plomada.db'), mode);
    handle.all<Record<string, unknown>>(sql, (error, rows) => {
      handle.close(() => (error ? reject(error) : resolve(rows)));
    });
  });
}

/** Ends what a test left and removes its folder. */
export function cleanUp(folder: string): void {
  for (const { pid } of processesOf(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
}
