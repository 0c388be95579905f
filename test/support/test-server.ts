import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { Application, createApplication } from '../../src/application';
import { FirstAdminKey } from '../../src/api-keys';
import { loadConfig } from '../../src/config/load-config';

/** The admin key of every test server. */
export const ADMIN_KEY = `plm_${'T3stAdm1nKey'.repeat(4)}`;

/** The real server on a real SQLite file in a temporary folder, listening on a free port. */
export interface TestServer {
  application: Application;
  url: string;
  dataDir: string;
  /** A request with the admin key, or with `key` (null: none). */
  request(method: string, path: string, body?: unknown, key?: string | null): Promise<TestResponse>;
  /** Stops the server; the data stay unless `forget`. */
  stop(options?: { forget?: boolean }): Promise<void>;
}

export interface TestResponse {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; undefined when it is not JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies of every shape
  body: any;
}

/** Starts a server. Git may use file:// and loopback, nothing is rate limited, unless `env` says otherwise. */
export async function startTestServer(env: Record<string, string> = {}, dataDir?: string): Promise<TestServer> {
  const directory = dataDir ?? mkdtempSync(join(tmpdir(), 'plomada-test-'));
  const application = await createApplication(
    loadConfig({
      PORT: '0',
      DATA_DIR: directory,
      ADMIN_API_KEY: ADMIN_KEY,
      GIT_ALLOWED_SCHEMES: 'https,ssh,http,file',
      GIT_BLOCKED_NETWORKS: '',
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_LEVEL: 'error',
      CANCEL_GRACE_SECONDS: '5',
      ...env,
    }),
  );
  await application.app.get(FirstAdminKey).ensure();
  await application.app.listen(0, '127.0.0.1');
  const { port } = application.app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    application,
    url,
    dataDir: directory,
    request: (method, path, body, key = ADMIN_KEY) => sendRequest(url, method, path, body, key),
    stop: async ({ forget = dataDir === undefined } = {}) => {
      await application.close();
      if (forget) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One request with a key, or none for null. */
export async function sendRequest(
  url: string,
  method: string,
  path: string,
  body: unknown,
  key: string | null,
): Promise<TestResponse> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  return { status: response.status, headers: response.headers, text, body: parsed };
}
