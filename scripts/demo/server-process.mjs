import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../setup.mjs';

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
/** Lines of the server's log that are kept, to be shown when it ends by itself. */
const KEPT_LINES = 40;

/**
 * A server as `npm start` runs it, in a process of its own, on a free port, with its data in a temporary folder. It
 * may read repositories of this machine (file://).
 *
 * @param {{ env?: Record<string, string>, dataDir?: string }} options `env` comes on top of the environment
 */
export async function startServer({ env = {}, dataDir = mkdtempSync(join(tmpdir(), 'plomada-')) } = {}) {
  const key = `plm_${randomLetters(48)}`;
  mkdirSync(dataDir, { recursive: true });
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'src', 'main.js')], {
    // Away from the repository, and in a group of its own: Ctrl-C is for us, and we stop the server.
    cwd: dataDir,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      ADMIN_API_KEY: key,
      GIT_ALLOWED_SCHEMES: 'https,ssh,file',
      RATE_LIMIT_PER_MINUTE: '0',
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'info',
      ...env,
    },
  });
  const log = keepLastLines(child);
  const url = await untilListening(child, log);
  const startedInMs = performance.now() - startedAt;
  await untilKeyWorks(url, key);
  return {
    url,
    key,
    dataDir,
    pid: child.pid,
    startedInMs,
    /** The last lines the server wrote. */
    lastLines: () => log.lines.join('\n'),
    async stop({ forget = true } = {}) {
      await stop(child);
      if (forget) rmSync(dataDir, { recursive: true, force: true });
    },
    /** Lets the server live on after this process. */
    leave() {
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}

function randomLetters(count) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return [...randomBytes(count)].map((byte) => letters[byte % letters.length]).join('');
}

function keepLastLines(child) {
  const log = { lines: [], onLine: () => undefined };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log.lines.push(line);
      if (log.lines.length > KEPT_LINES) log.lines.shift();
      log.onLine(line);
    });
  }
  return log;
}

/** The server says where it listens in a line of its log. */
function untilListening(child, log) {
  return new Promise((resolve, reject) => {
    const fail = (why) => {
      child.kill('SIGKILL');
      reject(new Error(`The server ${why}. It wrote:\n${log.lines.join('\n')}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${START_WITHIN_MS / 1000} s`), START_WITHIN_MS);
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended at its start (${signal ?? code})`));
    log.onLine = (line) => {
      const url = /"event":"listening".*"url":"([^"]+)"/.exec(line)?.[1];
      if (!url) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(url);
    };
  });
}

/** The first key is stored a moment after the server listens. */
async function untilKeyWorks(url, key) {
  const headers = { authorization: `Bearer ${key}` };
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await fetch(`${url}/api/whoami`, { headers })).ok) return;
    await sleep(20);
  }
  throw new Error('The server does not know its first key.');
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const isGone = await Promise.race([exited.then(() => true), sleep(STOP_WITHIN_MS, false, { ref: false })]);
  if (!isGone) child.kill('SIGKILL');
}
