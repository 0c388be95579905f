import { mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wholeRun } from './benchmark-server.mjs';
import { makeFakeTool, startWithFakeTool } from './fake-tool.mjs';
import { MIB, quantile, timed } from './figures.mjs';
import { probeHealth } from './health-probe.mjs';
import { bareEnvironment, forgetPeak, memoryOf, runToFile } from './processes.mjs';

const BYTES = 2 ** 30;

/** An apply that prints a gigabyte: what it costs in memory and time, and whether anybody else notices. */
export async function run({ report, temporary }) {
  const env = { BENCH_BYTES: String(BYTES) };
  const bareMs = await bareApply(temporary, env);
  const { server, deployment } = await startWithFakeTool(temporary);
  try {
    await wholeRun(server.api, deployment, { auto_approve: true });
    await sleep(2000);
    forgetPeak(server.pid);
    const before = memoryOf(server.pid).now;
    const probe = probeHealth(server.url);
    const { path, ms } = await wholeRun(server.api, deployment, { auto_approve: true, env_vars: env });
    const latencies = await probe.end();
    const peak = memoryOf(server.pid).peak;
    const stored = await storedBytes(server, `${path}/logs/apply`);
    const database = statSync(join(server.dataDir, 'plomada.db')).size;
    report.table([
      ['1 GiB of output', '', ''],
      ['the tool alone, into a file', `${(bareMs / 1000).toFixed(1)} s`],
      ['the whole run', `${(ms / 1000).toFixed(1)} s`],
      ['memory of the server before, at most', `${before.toFixed(0)} MiB, ${peak.toFixed(0)} MiB`],
      ['stored log, database file', `${(stored / MIB).toFixed(1)} MiB, ${(database / MIB).toFixed(1)} MiB`],
      [
        '/health/live meanwhile: p50, p99, worst',
        [0.5, 0.99, 1].map((q) => `${quantile(latencies, q).toFixed(0)} ms`).join(', '),
      ],
    ]);
    report.goal('memory on top', peak - before, { atMost: 100, unit: ' MiB' });
    report.goal('/health/live at worst', quantile(latencies, 1), { atMost: 1000, unit: ' ms' });
  } finally {
    await server.stop();
  }
}

function bareApply(temporary, env) {
  const { program } = makeFakeTool(temporary);
  const directory = mkdtempSync(join(temporary, 'bare-'));
  const output = join(directory, 'output');
  return timed(() =>
    runToFile(program, ['apply'], { cwd: directory, env: { ...bareEnvironment(directory), ...env }, output }),
  );
}

async function storedBytes(server, path) {
  const headers = { authorization: `Bearer ${server.key}`, range: 'bytes=0-0' };
  const response = await fetch(`${server.url}${path}`, { headers });
  return Number(response.headers.get('content-range')?.split('/')[1]);
}
