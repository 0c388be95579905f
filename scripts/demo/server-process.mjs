import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../setup.mjs';

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
/** How often we look whether it listens. */
const LOOK_EVERY_MS = 5;
/** Lines of the server's log that are shown when something goes wrong. */
const LAST_LINES = 40;

/**
 * A server as `npm start` runs it, in a process of its own, on a free port, with its data in a temporary folder. It
 * may read repositories of this machine (file://).
 *
 * @param {{ env?: Record<string, string>, dataDir?: string }} options `env` comes on top of the environment
 */
export async function startServer({ env = {}, dataDir = mkdtempSync(join(tmpdir(), 'plomada-')) } = {}) {
  const key = `plm_${randomLetters(48)}`;
  mkdirSync(dataDir, { recursive: true });
  // A file and no pipe: the server may outlive us, and reading its log would take time from what is measured.
  const logFile = join(dataDir, 'server.log');
  const log = openSync(logFile, 'w');
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--max-semi-space-size=4', join(ROOT, 'dist', 'src', 'main.js')], {
    // Away from the repository, and in a group of its own: Ctrl-C is for us, and we stop the server.
    cwd: dataDir,
    detached: true,
    stdio: ['ignore', log, log],
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
  closeSync(log);
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  const lastLines = () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  const url = await untilListening(child, logFile, lastLines);
  const startedInMs = performance.now() - startedAt;
  await untilKeyWorks(url, key);
  return {
    url,
    key,
    dataDir,
    pid: child.pid,
    startedInMs,
    /** The last lines the server wrote. */
    lastLines,
    async stop({ forget = true } = {}) {
      process.off('exit', endWithUs);
      await stop(child);
      if (forget) rmSync(dataDir, { recursive: true, force: true });
    },
    /** Lets the server live on after this process. */
    leave() {
      process.off('exit', endWithUs);
      child.unref();
    },
  };
}

function randomLetters(count) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return [...randomBytes(count)].map((byte) => letters[byte % letters.length]).join('');
}

/** The server says where it listens in a line of its log. */
async function untilListening(child, logFile, lastLines) {
  let failure = null;
  child.once('error', (error) => (failure = `could not be started: ${error.message}`));
  child.once('exit', (code, signal) => (failure = `ended at its start (${signal ?? code})`));
  for (const startedAt = performance.now(); ; await sleep(LOOK_EVERY_MS)) {
    const url = /"event":"listening".*"url":"([^"]+)"/.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (url) return url;
    if (performance.now() - startedAt > START_WITHIN_MS)
      failure ??= `did not listen within ${START_WITHIN_MS / 1000} s`;
    if (failure === null) continue;
    child.kill('SIGKILL');
    throw new Error(`The server ${failure}. It wrote:\n${lastLines()}`);
  }
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
