import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startBare } from './bare-server.mjs';
import { createDeployment, startBenchmarkServer } from './benchmark-server.mjs';
import { MIB, pairedRatio, quantile, spread, timed } from './figures.mjs';
import { probeHealth } from './health-probe.mjs';
import { measureCrowd } from './state-crowd.mjs';

const STATE_BYTES = 10 * MIB;
const ROUNDS = 12;
const CROWD_BYTES = 100 * MIB;

/** A large state in and out of the backend, against a route that keeps the bytes in a file and looks at nothing. */
export async function run({ report, temporary, isQuick }) {
  const rounds = isQuick ? ROUNDS / 3 : ROUNDS;
  const server = await startBenchmarkServer(temporary);
  const bare = await startBare('bare-state.mjs', { args: [join(temporary, 'bare.tfstate')] });
  try {
    const deployment = await createDeployment(server.api, 'https://git.example.com/none.git');
    const ours = {
      url: `${server.url}/v1/state/${deployment.split('/').at(-1)}`,
      headers: { authorization: `Basic ${Buffer.from(`bench:${server.key}`).toString('base64')}` },
    };
    const theirs = { url: `${bare.url}/state`, headers: {} };
    const took = { ours: { post: [], get: [] }, theirs: { post: [], get: [] } };
    const probe = probeHealth(server.url);
    for (let serial = 1; serial <= rounds; serial++) {
      const state = makeState(serial);
      for (const [name, target] of Object.entries({ ours, theirs })) {
        took[name].post.push(await timed(() => send(target, { method: 'POST', body: state })));
        took[name].get.push(await timed(() => send(target, {})));
      }
    }
    const latencies = await probe.end();
    report.table([
      [`state of ${(makeState(1).length / MIB).toFixed(0)} MiB`, 'bare ms', 'platform ms', 'platform ÷ bare'],
      ...['post', 'get'].map((method) => [
        method.toUpperCase(),
        spread(took.theirs[method]),
        spread(took.ours[method]),
        pairedRatio(took.ours[method], took.theirs[method]).toFixed(2),
      ]),
    ]);
    report.line(
      `/health/live meanwhile: p50 ${quantile(latencies, 0.5).toFixed(0)} ms, worst ${quantile(latencies, 1).toFixed(0)} ms`,
    );
    report.goal('/health/live at worst', quantile(latencies, 1), { atMost: 1000, unit: ' ms' });
    await measureLarge({ report, temporary, server, isQuick });
  } finally {
    bare.stop();
    await server.stop();
  }
}

async function measureLarge({ report, temporary, server, isQuick }) {
  const bytes = isQuick ? CROWD_BYTES / 4 : CROWD_BYTES;
  // Nearly as large when it is compressed.
  const make = () => makeState(1, { bytes, fill: () => randomBytes(525).toString('base64') });
  const measured = await measureCrowd({ report, temporary, server, make, bytes });
  const worst = Math.max(...measured.flatMap(({ latencies }) => latencies));
  report.goal('/health/live at worst, large states', worst, { atMost: 1000, unit: ' ms' });
}

/** A state as terraform writes it, with as many resources as fill it. */
function makeState(serial, { bytes = STATE_BYTES, fill = () => 'x'.repeat(700) } = {}) {
  const resource = (number) => ({
    mode: 'managed',
    type: 'terraform_data',
    name: `resource_${number}`,
    provider: 'provider["terraform.io/builtin/terraform"]',
    instances: [{ schema_version: 0, attributes: { id: `${number}`, input: { value: fill(), type: 'string' } } }],
  });
  const resources = Array.from({ length: Math.ceil(bytes / 930) }, (_none, number) => resource(number));
  return JSON.stringify({ version: 4, terraform_version: '1.11.4', serial, lineage: 'bench', outputs: {}, resources });
}

async function send({ url, headers }, { method = 'GET', body }) {
  const response = await fetch(url, { method, headers, body });
  if (response.status !== 200) throw new Error(`${method}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}
