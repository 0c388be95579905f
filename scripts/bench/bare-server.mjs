import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Starts one of the bare servers beside this file in a process of its own.
 * @param {string} script its file name
 * @param {{ args?: string[], input?: unknown }} options `input` is sent to it as JSON
 */
export async function startBare(script, { args = [], input = null } = {}) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const endWithUs = () => child.kill();
  process.once('exit', endWithUs);
  child.stdin.end(JSON.stringify(input));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended at its start.`)));
  ended.catch(() => undefined);
  const [port] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    stop() {
      process.off('exit', endWithUs);
      child.kill();
    },
  };
}
