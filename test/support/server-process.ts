import { ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually';

const ROOT = join(__dirname, '..', '..');

/** The built server as a process of its own, to be killed. */
export interface ServerProcess {
  url: string;
  adminKey: string;
  child: ChildProcess;
  output: () => string;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `dist/src/main.js` on a free port, or the `PORT` of `env`, and waits until it answers. */
export async function startServerProcess(dataDir: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const port = Number(env.PORT ?? (await freePort()));
  const { child, output } = spawnServer({ DATA_DIR: dataDir, PORT: String(port), ...env });
  const url = `http://127.0.0.1:${port}`;
  await eventually(
    'the server',
    async () => {
      if (child.exitCode !== null) throw new Error(`The server ended:\n${output()}`);
      return (await fetch(`${url}/health/live`).catch(() => null))?.ok && existsSync(join(dataDir, 'admin.key'));
    },
    20_000,
    output,
  );
  return {
    url,
    adminKey: readFileSync(join(dataDir, 'admin.key'), 'utf8').trim(),
    child,
    output,
    kill: (signal) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
        child.once('exit', (code) => resolve(code));
        child.kill(signal);
      }),
  };
}

/** Starts the server without waiting for anything. @param application folder of the built application */
export function spawnServer(
  env: Record<string, string>,
  application = ROOT,
): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [join(application, 'dist', 'src', 'main.js')], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      GIT_ALLOWED_SCHEMES: 'https,ssh,http,file',
      GIT_BLOCKED_NETWORKS: '',
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_FORMAT: 'json',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
