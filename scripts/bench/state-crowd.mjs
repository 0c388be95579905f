import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDeployment } from './benchmark-server.mjs';
import { MIB, quantile, timed } from './figures.mjs';
import { probeHealth } from './health-probe.mjs';
import { forgetPeak, memoryOf } from './processes.mjs';

const STATES = 6;
const SETTLE_MS = 1500;

/**
 * Many large states at once, in and out: what they cost the server in memory, and whether anybody else notices.
 * @param make gives the text of a state of `bytes`
 */
export async function measureCrowd({ report, temporary, server, make, bytes }) {
  const file = join(temporary, 'large.tfstate');
  const urls = [];
  for (let number = 0; number < STATES; number++) {
    const deployment = await createDeployment(server.api, 'https://git.example.com/none.git');
    urls.push(`${server.url}/v1/state/${deployment.split('/').at(-1)}`);
  }
  writeFileSync(file, make());
  const size = `${STATES} of ${Math.round(bytes / MIB)} MiB at once`;
  const one = `one of ${Math.round(bytes / MIB)} MiB in`;
  const measured = [
    { ...(await observe(server, one, () => traffic(server, 'POST', file, [urls[0]]))), atMost: 200 },
    { ...(await observe(server, `${size} in`, () => traffic(server, 'POST', file, urls))), atMost: 200 },
    { ...(await observe(server, `${size} out`, () => traffic(server, 'GET', file, urls))), atMost: 64 },
  ];
  report.table([
    ['what', 'took', 'memory MiB: before, at most, after', 'on top', '/health/live p50, p99, worst'],
    ...measured.map(({ what, seconds, before, peak, after, latencies }) => [
      what,
      `${seconds.toFixed(1)} s`,
      [before, peak, after].map((value) => value.toFixed(0)).join(', '),
      `${Math.round(peak - before)}`,
      [0.5, 0.99, 1].map((share) => `${quantile(latencies, share).toFixed(0)} ms`).join(', '),
    ]),
  ]);
  for (const { what, before, peak, atMost } of measured) {
    report.goal(`${what}: memory on top`, Math.round(peak - before), { atMost, unit: ' MiB' });
  }
  return measured;
}

/** Sends or fetches the file at all addresses at once, from a process of its own. */
function traffic(server, method, file, urls) {
  const program = join(import.meta.dirname, 'state-traffic.mjs');
  const child = spawn(process.execPath, [program, method, file, ...urls], {
    env: { ...process.env, BENCH_KEY: server.key },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the traffic ended with ${code}`))));
  });
}

async function observe(server, what, work) {
  await sleep(SETTLE_MS);
  forgetPeak(server.pid);
  const before = memoryOf(server.pid).now;
  const probe = probeHealth(server.url);
  const ms = await timed(work);
  const latencies = await probe.end();
  const { peak } = memoryOf(server.pid);
  await sleep(SETTLE_MS);
  return { what, seconds: ms / 1000, before, peak, after: memoryOf(server.pid).now, latencies };
}
