import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer } from '../../support/test-server';

it('the token of an apply opens the state of its own folder while it applies, and nothing else', async () => {
  const server = await startTestServer();
  try {
    const file = join(server.dataDir, 'token');
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': `resource "terraform_data" "one" {
        provisioner "local-exec" {
          command = "printf %s \\"$TF_HTTP_PASSWORD\\" > ${file}.new; mv ${file}.new ${file}; while [ ! -e ${file}.go ]; do sleep 0.05; done"
        }
      }`,
    });
    const other = await DeploymentDriver.create(server, { 'main.tf': '' });
    const state = (lineage: string): string => JSON.stringify({ version: 4, serial: 7, lineage, resources: [] });
    expect((await server.request('POST', `${deployment.path}/state/versions`, state('present'))).status).toBe(201);
    const run = await deployment.start({ auto_approve: true });
    await eventually('the token', () => existsSync(file));
    const token = readFileSync(file, 'utf8');
    expect(token).toMatch(/^pls_[0-9a-f]{32}_apply_/);
    const ask = async (path: string, password = token, init: RequestInit = {}): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`run:${password}`).toString('base64')}`;
      return (await fetch(`${server.url}${path}`, { ...init, headers: { authorization } })).status;
    };
    const own = `/v1/state/${deployment.id}`;
    expect([200, 204]).toContain(await ask(own));
    expect(await ask(`${own}?path=./`)).toBeLessThan(300);
    expect(await ask(`${own}?path=other`)).toBe(403);
    expect(await ask(`/v1/state/${other.id}`)).toBeGreaterThanOrEqual(401);
    expect(await ask(`/api${own.replace('/v1/state', '/deployments')}`)).toBe(401);
    expect((await server.request('GET', deployment.path, undefined, token)).status).toBe(401);
    // Neither the name of another phase nor that of another run makes it another token.
    expect(await ask(own, token.replace('_apply_', '_plan_'))).toBe(401);
    expect(await ask(own, token.replace('_apply_', '_constructor_'))).toBe(401);
    // A run breaks no lock but its own, and may write while it holds it.
    expect(await ask(own, token, { method: 'LOCK', body: '{"ID":"nested"}' })).toBe(423);
    // Nor does it begin another lineage, as a person may where the state holds nothing.
    const [newest] = (await server.request('GET', `${deployment.path}/state/versions`)).body;
    expect(newest.lineage).toBe('present');
    expect(await ask(own, token, { method: 'POST', body: state('another') })).toBe(409);
    writeFileSync(`${file}.go`, '');
    await deployment.reach(run.id, 'success');
    expect(await ask(own)).toBe(401);
    expect(await ask(own, token, { method: 'POST', body: '{}' })).toBe(401);
  } finally {
    await server.stop();
  }
});
