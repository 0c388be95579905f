import { startServer } from '../demo/server-process.mjs';
import { createDeployment, wholeRun } from './benchmark-server.mjs';
import { DatabaseRows, NEW_ID } from './database-rows.mjs';
import { startWithFakeTool } from './fake-tool.mjs';
import { createNamespace } from './registry-content.mjs';

export const NAMESPACES = 20;
export const DEPLOYMENTS = 300;
/** The namespaces that are hard to list: one has nothing but failed runs, one has had none for long. */
export const FAILING = 7;
export const IDLE = 12;

const RESOURCES = 10;
const PATHS = ['.', '.', '.', 'envs/prod', 'envs/stage', 'modules/network'];
const ENV_VARS = { BENCH_RESOURCES: String(RESOURCES), TF_VAR_region: 'eu-central-1', TF_VAR_environment: 'prod' };

/**
 * A server with so many runs of 300 deployments in 20 namespaces, most of them in few; and the path of each deployment.
 * One run was made by the server, the others are copies of its row that differ in what lists look at.
 */
export async function startWithRuns(temporary, count, env) {
  const { server, deployment, gitUrl, env: toolEnv } = await startWithFakeTool(temporary);
  const deployments = [deployment];
  try {
    const namespaces = [];
    for (let place = 0; place < NAMESPACES; place++) {
      namespaces.push(await createNamespace(server.api, nameOf(place)));
    }
    for (let place = 1; place < DEPLOYMENTS; place++) {
      const namespace_id = namespaces[namespaceOf(place)].id;
      deployments.push(await createDeployment(server.api, gitUrl, { namespace_id, description: 'A network' }));
    }
    const { run } = await wholeRun(server.api, deployment, { auto_approve: true, env_vars: ENV_VARS });
    await server.stop({ forget: false });
    await multiply(server.dataDir, { model: run.id, deployments, count });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { server: await startServer({ dataDir: server.dataDir, env: { ...toolEnv, ...env } }), deployments };
}

export const nameOf = (place) => `bench-${place}`;

/** The first namespace has 67 of 300 deployments, the last one 8. */
const namespaceOf = (place) => Math.floor(NAMESPACES * (place / DEPLOYMENTS) ** 2);

/** The first deployment has 15 of 100 runs, the last one 1 of 1,000. */
function deploymentOf(number, count) {
  const share = ((number * 2_654_435_761) % 2 ** 32) / 2 ** 32;
  const place = Math.floor(DEPLOYMENTS * share ** 3);
  return namespaceOf(place) === IDLE && number > count / 5 ? 0 : place;
}

function statusOf(number, place) {
  if (namespaceOf(place) === FAILING || number % 10 === 0) return 'failed';
  return number % 20 === 1 ? 'cancelled' : 'success';
}

async function multiply(dataDir, { model, deployments, count }) {
  const runs = Array.from({ length: count - 1 }, (_none, index) => {
    const place = deploymentOf(index, count);
    const id = deployments[place].split('/').at(-1);
    return { n: index + 2, deployment: id, path: PATHS[index % PATHS.length], status: statusOf(index, place) };
  });
  const error = `CASE each.status WHEN 'failed' THEN 'terraform plan failed with exit status 1; the log says why.' END`;
  const rows = new DatabaseRows(dataDir);
  await rows.copy('runs', {
    model,
    from: `SELECT value ->> 'n' AS n, value ->> 'deployment' AS deployment, value ->> 'path' AS path,
      value ->> 'status' AS status FROM json_each('${JSON.stringify(runs)}')`,
    set: {
      id: NEW_ID,
      seq: 'each.n',
      deployment_id: 'each.deployment',
      namespace_id: '(SELECT namespace_id FROM deployments WHERE deployments.id = each.deployment)',
      path: 'each.path',
      status: 'each.status',
      error_message: error,
    },
  });
  await rows.close();
}
