import { setTimeout as sleep } from 'node:timers/promises';
import { createDeployment } from './benchmark-server.mjs';
import { startWithFakeTool } from './fake-tool.mjs';
import { timed } from './figures.mjs';
import { memoryOf } from './processes.mjs';

const RUNS = 200;
/** By then the server has given back what it needed only meanwhile. */
const IDLE_MS = 5000;
const LISTS = ['/api/runs?status=awaiting_approval&limit=200', '/api/deployments?status=awaiting_approval&limit=200'];

/** What it costs to keep 200 runs that wait for somebody to approve them. */
export async function run({ report, temporary }) {
  const { server, gitUrl } = await startWithFakeTool(temporary);
  const { api } = server;
  try {
    const deployments = [];
    for (let made = 0; made < RUNS; made++) deployments.push(await createDeployment(api, gitUrl));
    // The same work without the wait: what the server needed for it, and may have kept, is there before and after.
    await planAll(api, deployments, { operation: 'plan' });
    for (const path of LISTS) await api.get(path);
    await sleep(IDLE_MS);
    const before = memoryOf(server.pid).now;
    const planned = await timed(() => planAll(api, deployments, {}));
    await sleep(IDLE_MS);
    const after = memoryOf(server.pid).now;
    const rows = [];
    for (const path of LISTS) {
      let items = [];
      const ms = await timed(async () => (items = await api.get(path)));
      if (items.length !== RUNS) throw new Error(`GET ${path} gives ${items.length} of ${RUNS}.`);
      rows.push([path, items.length, ms.toFixed(0)]);
    }
    report.table([
      [`memory after ${IDLE_MS / 1000} idle seconds`, 'MiB'],
      [`${RUNS} runs planned, none waits`, before.toFixed(0)],
      [`as many again, and they wait for approval`, after.toFixed(0)],
    ]);
    report.line(`planned in ${(planned / 1000).toFixed(0)} s`);
    report.table([['GET', 'items', 'ms'], ...rows]);
    report.goal('memory on top', after - before, { atMost: 32, unit: ' MiB' });
  } finally {
    await server.stop();
  }
}

async function planAll(api, deployments, body) {
  for (const deployment of deployments) await api.post(`${deployment}/runs`, body);
  for (const status of ['pending', 'initializing', 'planning']) {
    while ((await api.get(`/api/runs?status=${status}&limit=1`)).length > 0) await sleep(500);
  }
}
