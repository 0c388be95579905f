import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../demo/api-client.mjs';
import { MIB, quantile } from './figures.mjs';
import { sendRequests } from './requests.mjs';
import { FAILING, IDLE, nameOf, NAMESPACES, startWithRuns } from './run-rows.mjs';

const RUNS = 100_000;
const PENDING = 50;
const AWAITING = 5;
const WARM_UP = 20;
const SLOTS = 2;

/** Every list of runs and deployments, with 100,000 runs in the database and 50 that wait. One request at a time. */
export async function run({ report, temporary, isQuick }) {
  const requests = isQuick ? 200 : 500;
  const { server, deployments } = await startWithRuns(temporary, RUNS, { RUNNER_CONCURRENCY: String(SLOTS) });
  try {
    const api = new ApiClient(server.url, server.key);
    const active = await startActive(api, deployments);
    const rows = [];
    for (const path of listsOf(deployments)) rows.push({ path, ...(await measure(server, path, requests)) });
    const size = statSync(join(server.dataDir, 'plomada.db')).size / MIB;
    report.line(`${RUNS} runs, ${deployments.length} deployments, ${NAMESPACES} namespaces, ${size.toFixed(0)} MiB`);
    report.line(`${requests} requests of each, one after the other`);
    report.table([
      ['GET', 'items', 'kB', 'p50 ms', 'p99 ms', 'CPU ms'],
      ...rows.map(({ path, items, bytes, p50, p99, cpuMs }) => [
        path.replace(/[0-9a-f-]{36}/, ':id'),
        items,
        (bytes / 1000).toFixed(0),
        p50.toFixed(1),
        p99.toFixed(1),
        cpuMs.toFixed(1),
      ]),
    ]);
    report.goal('p99 of the slowest list', Math.max(...rows.map(({ p99 }) => p99)), { atMost: 30, unit: ' ms' });
    await endActive(api, active);
  } finally {
    await server.stop();
  }
}

function listsOf(deployments) {
  const [largest, smallest] = [deployments[0], deployments.at(-1)];
  const [first, last, failing, idle] = [0, NAMESPACES - 1, FAILING, IDLE].map(nameOf);
  const behind = `cursor=${Buffer.from(JSON.stringify([RUNS / 2])).toString('base64url')}`;
  const runs = ['', 'limit=200', behind, 'status=success', 'status=cancelled', 'status=pending', 'status=planning'];
  const ofNamespace = [first, last, failing, idle].flatMap((name) => [
    `namespace=${name}`,
    `namespace=${name}&status=success`,
    `namespace=${name}&status=cancelled`,
  ]);
  ofNamespace.push(`namespace=${first}&limit=200`, `namespace=${first}&status=success&${behind}`);
  const ofDeployment = ['', 'limit=200', behind, 'status=success', 'status=planning', 'path=.', 'path=none'];
  ofDeployment.push('path=envs/prod&status=success', 'path=envs/prod&status=planning', 'path=none&status=success');
  const listed = ['', 'limit=200', `namespace=${first}`, `namespace=${last}`, 'q=network', 'q=no-such-text'];
  const statuses = ['success', 'failed', 'cancelled', 'pending', 'planning', 'none'];
  listed.push(...statuses.map((status) => `status=${status}`), `namespace=${first}&status=planning`);
  const all = (path, queries) => queries.map((query) => (query === '' ? path : `${path}?${query}`));
  return [
    ...all('/api/runs', [...runs, ...ofNamespace]),
    ...all(`${largest}/runs`, ofDeployment),
    ...all(`${smallest}/runs`, ['', 'status=planning']),
    ...all('/api/deployments', listed),
  ];
}

async function measure(server, path, requests) {
  const headers = { authorization: `Bearer ${server.key}` };
  const response = await fetch(`${server.url}${path}`, { headers });
  const text = await response.text();
  const send = (count) => {
    let sent = 0;
    return sendRequests(server, { nextPath: () => (sent++ < count ? path : null), connections: 1, headers });
  };
  await send(WARM_UP);
  const { latencies, cpuMicros } = await send(requests);
  return {
    items: JSON.parse(text).length,
    bytes: text.length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpuMs: cpuMicros / 1000,
  };
}

/**
 * Runs that have not ended: some that wait for approval, as many at work as there are slots, and 50 that wait, a few of
 * them for a run of their own deployment.
 */
async function startActive(api, deployments) {
  const awaiting = await startUntil(api, deployments.slice(0, AWAITING), {}, 'awaiting_approval');
  // An apply that goes on until it is cancelled, and does nothing meanwhile.
  const env_vars = { BENCH_LINES: '2', BENCH_LINES_PER_SECOND: '0.0001' };
  const working = await startUntil(api, deployments.slice(-SLOTS), { auto_approve: true, env_vars }, 'applying');
  const waiting = [];
  for (const deployment of deployments.slice(0, PENDING)) waiting.push(await start(api, deployment, {}));
  return { awaiting, working, waiting };
}

async function start(api, deployment, body) {
  return `${deployment}/runs/${(await api.post(`${deployment}/runs`, body)).id}`;
}

async function startUntil(api, deployments, body, status) {
  const runs = [];
  for (const deployment of deployments) runs.push(await start(api, deployment, body));
  await untilAll(api, runs, status);
  return runs;
}

async function untilAll(api, runs, status) {
  for (const path of runs) while ((await api.get(path)).status !== status) await sleep(20);
}

/** A tool at work outlives its server. */
async function endActive(api, { waiting, working }) {
  for (const path of [...waiting, ...working]) await api.post(`${path}/cancel`, { force: true }, 202);
  await untilAll(api, working, 'cancelled');
}
