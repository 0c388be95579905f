import { deepStrictEqual } from 'node:assert/strict';
import { startBare } from './bare-server.mjs';
import { median, pairedRatio, quantile, spread } from './figures.mjs';
import { protocolPath } from './registry-content.mjs';
import { sendRequests } from './requests.mjs';

const CONNECTIONS = 32;

/** `citizen`: requests per second of Citizen on this kind of machine, measured once; never in the same run as ours. */
const ROUTES = [
  { name: 'discovery', path: protocolPath.discovery, citizen: 2264 },
  { name: 'module versions, 1', path: protocolPath.moduleVersions('bench', 'one'), citizen: 435, timesCitizen: 5 },
  { name: 'module versions, 100', path: protocolPath.moduleVersions('bench', 'hundred'), citizen: 181 },
  {
    name: 'module versions, 1,000',
    path: protocolPath.moduleVersions('bench', 'thousand'),
    citizen: 22,
    timesCitizen: 50,
  },
  { name: 'module download', path: protocolPath.moduleDownload('bench', 'one'), citizen: 638 },
  { name: 'provider versions, 1', path: protocolPath.providerVersions('bench', 'one'), citizen: 782, timesCitizen: 5 },
  { name: 'provider versions, 100', path: protocolPath.providerVersions('bench', 'hundred'), citizen: 313 },
  { name: 'provider download', path: protocolPath.providerDownload('bench', 'one'), citizen: 738 },
  { name: 'private, with a key', path: protocolPath.moduleVersions('secret', 'one'), isPrivate: true },
];

/** Requests per second of the same path again and again, against a Nest application that returns the same objects. */
export async function measureRoutes({ report, isQuick }, server, secretKey) {
  const headersOf = ({ isPrivate }) => (isPrivate ? { authorization: `Bearer ${secretKey}` } : {});
  const bodies = await readBodies(server.url, headersOf);
  const bare = await startBare('bare-nest.mjs', { input: bodies });
  try {
    await assertSame(bare.url, bodies);
    await warmUp([server, bare], isQuick ? 1000 : 4000);
    const measured = [];
    for (const route of ROUTES) {
      measured.push({ route, ...(await compare(route.path, { server, bare, headers: headersOf(route), isQuick })) });
    }
    print(report, measured, bodies);
  } finally {
    bare.stop();
  }
}

async function readBodies(url, headersOf) {
  const bodies = { documents: {}, links: {} };
  for (const route of ROUTES) {
    const response = await fetch(`${url}${route.path}`, { headers: headersOf(route) });
    if (response.status === 204) bodies.links[route.path] = response.headers.get('x-terraform-get');
    else bodies.documents[route.path] = await response.json();
  }
  return bodies;
}

async function assertSame(url, { documents, links }) {
  for (const [path, document] of Object.entries(documents)) {
    deepStrictEqual(await (await fetch(`${url}${path}`)).json(), document);
  }
  for (const [path, link] of Object.entries(links)) {
    deepStrictEqual((await fetch(`${url}${path}`)).headers.get('x-terraform-get'), link);
  }
}

/** Both sides are some times slower before their code is compiled. */
async function warmUp(servers, forMs) {
  const paths = ROUTES.filter(({ isPrivate }) => !isPrivate).map(({ path }) => path);
  for (const server of servers) {
    let sent = 0;
    await sendRequests(server, { nextPath: () => paths[sent++ % paths.length], forMs, connections: CONNECTIONS });
  }
}

async function compare(path, { server, bare, headers, isQuick }) {
  const rounds = { bare: [], ours: [] };
  const [count, forMs] = isQuick ? [2, 250] : [5, 700];
  for (let round = -1; round < count; round++) {
    const options = { nextPath: () => path, forMs, connections: CONNECTIONS };
    const theirs = await sendRequests(bare, options);
    const ours = await sendRequests(server, { ...options, headers });
    if (round < 0) continue;
    rounds.bare.push(theirs);
    rounds.ours.push(ours);
  }
  return rounds;
}

function print(report, measured, { documents }) {
  const perSecond = (rounds) => rounds.map((round) => round.perSecond);
  const p99 = (rounds) => median(rounds.map(({ latencies }) => quantile(latencies, 0.99))).toFixed(1);
  const micros = (rounds) => median(rounds.map(({ cpuMicros }) => cpuMicros)).toFixed(0);
  const ratios = measured.map(({ bare, ours }) => pairedRatio(perSecond(ours), perSecond(bare)));
  const timesCitizen = ({ route, ours }) => median(perSecond(ours)) / route.citizen;
  report.table([
    ['route', 'bytes', 'bare Nest /s', 'platform /s', '÷ bare', 'p99 ms: bare, platform', 'CPU µs', '÷ Citizen'],
    ...measured.map(({ route, bare, ours }, index) => [
      route.name,
      documents[route.path] ? JSON.stringify(documents[route.path]).length : 0,
      spread(perSecond(bare)),
      spread(perSecond(ours)),
      ratios[index].toFixed(2),
      `${p99(bare)}, ${p99(ours)}`,
      `${micros(bare)}, ${micros(ours)}`,
      route.citizen ? timesCitizen({ route, ours }).toFixed(1) : '',
    ]),
  ]);
  report.line(`${CONNECTIONS} connections; median (least–most) of the rounds, one of each side in turn`);
  report.line('÷ Citizen: against figures of another run on this kind of machine, so no more than a size');
  measured.forEach(({ route }, index) =>
    report.goal(`${route.name} ÷ bare Nest`, ratios[index], { atLeast: 0.8, unit: ' ×', digits: 2 }),
  );
  for (const each of measured.filter(({ route }) => route.timesCitizen)) {
    const goal = { atLeast: each.route.timesCitizen, unit: ' ×', digits: 1 };
    report.goal(`${each.route.name} ÷ Citizen`, timesCitizen(each), goal);
  }
}
