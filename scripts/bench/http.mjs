import autocannon from 'autocannon';
import { startBare } from './bare-server.mjs';
import { createDeployment, wholeRun } from './benchmark-server.mjs';
import { startWithFakeTool } from './fake-tool.mjs';
import { median, pairedRatio, spread } from './figures.mjs';

const DEPLOYMENTS = 50;
const RUNS = 20;
const CONNECTIONS = 32;

/** Requests per second of routes people look at, against a route that only sends the same bytes. */
export async function run({ report, temporary, isQuick }) {
  const { server, deployment, gitUrl } = await startWithFakeTool(temporary);
  const routes = {
    'list of deployments': '/api/deployments',
    'one deployment': deployment,
    'runs of a deployment': `${deployment}/runs`,
  };
  let bare = null;
  try {
    await fill(server.api, gitUrl, deployment);
    const bodies = {};
    for (const path of Object.values(routes)) bodies[path] = JSON.stringify(await server.api.get(path));
    bare = await startBare('bare-express.mjs', { input: bodies });
    const rows = [];
    const p99s = [];
    for (const [name, path] of Object.entries(routes)) {
      const { cells, p99 } = await compare(name, path, { server, bare, bytes: bodies[path].length, isQuick });
      rows.push(cells);
      p99s.push(p99);
    }
    report.table([['route', 'bytes', 'bare express /s', 'platform /s', 'platform ÷ bare', 'p99 ms'], ...rows]);
    report.line(`${CONNECTIONS} connections; median (least–most) of the rounds, one of each side in turn`);
    report.goal('p99 of the slowest route', Math.max(...p99s), { atMost: 100, unit: ' ms' });
  } finally {
    bare?.stop();
    await server.stop();
  }
}

async function fill(api, gitUrl, deployment) {
  for (let made = 1; made < DEPLOYMENTS; made++) await createDeployment(api, gitUrl);
  for (let made = 0; made < RUNS; made++) await wholeRun(api, deployment, { operation: 'plan' });
}

async function compare(name, path, { server, bare, bytes, isQuick }) {
  const rounds = { bare: [], platform: [] };
  const latencies = [];
  const headers = { authorization: `Bearer ${server.key}` };
  for (let round = -1; round < (isQuick ? 2 : 4); round++) {
    const duration = round < 0 || isQuick ? 1 : 3;
    const theirs = await load(`${bare.url}${path}`, {}, duration);
    const ours = await load(`${server.url}${path}`, headers, duration);
    if (round < 0) continue;
    rounds.bare.push(theirs.perSecond);
    rounds.platform.push(ours.perSecond);
    latencies.push(ours.p99);
  }
  const p99 = median(latencies);
  const ratio = pairedRatio(rounds.platform, rounds.bare);
  const cells = [name, bytes, spread(rounds.bare), spread(rounds.platform), ratio.toFixed(2), p99];
  return { cells, p99 };
}

async function load(url, headers, duration) {
  const result = await autocannon({ url, headers, connections: CONNECTIONS, duration });
  const failed = result.errors + result.non2xx;
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed.`);
  return { perSecond: result.requests.total / result.duration, p99: result.latency.p99 };
}
