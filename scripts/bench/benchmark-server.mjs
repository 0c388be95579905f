import { join } from 'node:path';
import { mkdtempSync } from 'node:fs';
import { ApiClient } from '../demo/api-client.mjs';
import { startServer } from '../demo/server-process.mjs';

/** A server with default settings but for the rate limit and local repositories, and a client with its key. */
export async function startBenchmarkServer(temporary, env = {}) {
  const dataDir = mkdtempSync(join(temporary, 'server-'));
  const server = await startServer({ dataDir, env });
  return { ...server, api: new ApiClient(server.url, server.key) };
}

let deployments = 0;

/** @returns the path of a new deployment in the API */
export async function createDeployment(api, gitUrl, fields = {}) {
  const body = { namespace_id: 'default', name: `bench-${++deployments}`, git_url: gitUrl, ...fields };
  return `/api/deployments/${(await api.post('/api/deployments', body)).id}`;
}

/**
 * Starts a run and reads its stream to the end.
 * @returns the run's path and how long it took from the request to the event that ends it
 */
export async function wholeRun(api, deployment, body) {
  const startedAt = performance.now();
  const { id } = await api.post(`${deployment}/runs`, body);
  const path = `${deployment}/runs/${id}`;
  let status = null;
  for await (const { event, data } of api.events(`${path}/stream`)) {
    if (event === 'status') status = data;
    if (event === 'end') break;
  }
  const ms = performance.now() - startedAt;
  const endSeenAt = Date.now();
  if (status?.status !== 'success') {
    const { init_log: init, plan_log: plan, apply_log: apply } = await api.get(path);
    throw new Error(`The run is ${status?.status}: ${status?.error_message}\n${init}${plan}${apply}`);
  }
  return { path, ms, endSeenAt, run: status };
}
