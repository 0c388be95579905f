import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startWithFakeTool } from './fake-tool.mjs';

const READERS = fileURLToPath(new URL('log-readers.mjs', import.meta.url));
const LINES_PER_SECOND = 20;

/** How long a line takes from the tool that prints it to whoever reads the run live. */
export async function run({ report, temporary, isQuick }) {
  const lines = LINES_PER_SECOND * (isQuick ? 5 : 15);
  const { server, deployment } = await startWithFakeTool(temporary);
  try {
    const rows = [];
    for (const count of [1, 100]) rows.push([count, await measure(server, deployment, count, lines)]);
    report.table([
      ['readers', 'p50 ms', 'p99 ms', 'worst ms', `lines, ${LINES_PER_SECOND} a second`],
      ...rows.map(([count, { p50, p99, worst }]) => [count, p50.toFixed(0), p99.toFixed(0), worst.toFixed(0), lines]),
    ]);
    for (const [count, { p99 }] of rows) {
      report.goal(`p99 with ${count} reader${count === 1 ? '' : 's'}`, p99, { atMost: 100, unit: ' ms' });
    }
  } finally {
    await server.stop();
  }
}

async function measure(server, deployment, count, lines) {
  const env_vars = { BENCH_LINES: String(lines), BENCH_LINES_PER_SECOND: String(LINES_PER_SECOND) };
  // The readers are there before the first line: what is measured is the way, not the catching up.
  const run = await server.api.post(`${deployment}/runs`, { env_vars });
  const path = `${deployment}/runs/${run.id}`;
  const readers = promisify(execFile)(process.execPath, [
    READERS,
    `${server.url}${path}/stream`,
    server.key,
    String(count),
  ]);
  await approveWhenRead(server.api, path, count);
  const measured = JSON.parse((await readers).stdout);
  if (measured.fewest !== lines) throw new Error(`A reader got ${measured.fewest} of ${lines} lines.`);
  return measured;
}

/** Waits for the plan and for all readers, then lets the apply begin. */
async function approveWhenRead(api, path, count) {
  for (;;) {
    const { status } = await api.get(path);
    const readers = Number(/^plomada_log_readers (\d+)/m.exec(await api.get('/metrics'))?.[1]);
    if (status === 'awaiting_approval' && readers === count) break;
    if (status === 'failed') throw new Error('The run has failed.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await api.post(`${path}/approve`, { approved: true }, 200);
}
