import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../demo/server-process.mjs';
import { startBenchmarkServer } from './benchmark-server.mjs';
import { DatabaseRows, NEW_ID, numbers } from './database-rows.mjs';
import { measureArchive } from './registry-archive.mjs';
import { createNamespace, publishModule, publishProvider } from './registry-content.mjs';
import { measureRoutes } from './registry-routes.mjs';

const ZIP_BYTES = 20e6;
const SMALL_BYTES = 10_000;
const PLATFORMS =
  "VALUES ('darwin', 'amd64'), ('darwin', 'arm64'), ('linux', 'amd64'), ('linux', 'arm64'), ('windows', 'amd64')";

/** What terraform and tofu ask the registry for, against the same answers from Nest and from express alone. */
export async function run(context) {
  const { temporary } = context;
  const first = await startBenchmarkServer(temporary);
  let content;
  try {
    content = await publish(first.api, mkdtempSync(join(temporary, 'packages-')));
  } finally {
    await first.stop({ forget: false });
  }
  await multiply(first.dataDir, content);
  const server = await startServer({ dataDir: first.dataDir });
  try {
    await measureRoutes(context, server, content.secretKey);
    await measureArchive(context, server);
  } finally {
    await server.stop();
  }
}

/** Namespace `bench` with modules and providers of 1 and more versions, `secret` with a module and a key that reads. */
async function publish(api, directory) {
  const modules = {};
  const providers = {};
  await createNamespace(api, 'bench');
  for (const name of ['one', 'hundred', 'thousand']) {
    modules[name] = await publishModule(api, directory, { namespace: 'bench', name });
  }
  for (const [name, bytes] of [
    ['one', ZIP_BYTES],
    ['hundred', SMALL_BYTES],
  ]) {
    providers[name] = await publishProvider(api, directory, { namespace: 'bench', name, bytes });
  }
  const secret = await createNamespace(api, 'secret', false);
  await publishModule(api, directory, { namespace: 'secret', name: 'one' });
  const fields = { name: 'reader', permissions: 'read' };
  const { key } = await api.post(`/api/namespaces/${secret.id}/api-keys`, fields);
  return { modules, providers, secretKey: key };
}

async function multiply(dataDir, { modules, providers }) {
  const rows = new DatabaseRows(dataDir);
  for (const [name, count] of [
    ['hundred', 100],
    ['thousand', 1000],
  ]) {
    const model = await rows.idOf('module_versions', 'module_id', modules[name].id);
    const set = { id: NEW_ID, version: "'1.0.' || each.n" };
    await rows.copy('module_versions', { model, from: numbers(1, count - 1), set });
  }
  const { id: model } = providers.hundred.version;
  const set = { id: NEW_ID, version: "'1.0.' || each.n" };
  await rows.copy('provider_versions', { model, from: numbers(1, 99), set });
  for (const { provider, version } of Object.values(providers)) {
    const from = `SELECT version.id, platform.column1 AS os, platform.column2 AS arch
      FROM provider_versions AS version CROSS JOIN (${PLATFORMS}) AS platform
      WHERE version.provider_id = '${provider.id}' AND (version.id, os, arch) <> ('${version.id}', 'linux', 'amd64')`;
    const platform = await rows.idOf('provider_platforms', 'version_id', version.id);
    const changes = { id: NEW_ID, version_id: 'each.id', os: 'each.os', arch: 'each.arch' };
    await rows.copy('provider_platforms', { model: platform, from, set: changes });
  }
  await rows.close();
}
