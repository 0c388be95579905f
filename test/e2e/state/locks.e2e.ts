import { randomBytes } from 'node:crypto';
import { DeploymentDriver } from '../../support/run-driver';
import { eventually } from '../../support/eventually';
import { TerraformProject } from '../../support/terraform-cli';
import { ADMIN_KEY, startTestServer, type TestServer } from '../../support/test-server';

const HELD = (go: string): string => `
resource "terraform_data" "held" {
  provisioner "local-exec" { command = "echo at work; while [ ! -e ${go} ]; do sleep 0.05; done" }
}
`;

describe('the lock of a state', () => {
  let server: TestServer;
  let writeKey: string;
  beforeAll(async () => {
    server = await startTestServer();
    const key = await server.request('POST', '/api/namespaces/default/api-keys', { name: 'w', permissions: 'write' });
    writeKey = key.body.key;
  });
  afterAll(() => server.stop());

  const backend = async (
    deployment: DeploymentDriver,
    method: string,
    body: string,
    { key = ADMIN_KEY, query = '' } = {},
  ): Promise<number> =>
    (
      await fetch(`${server.url}/v1/state/${deployment.id}${query}`, {
        method,
        headers: { authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` },
        ...(body === '' ? {} : { body }),
      })
    ).status;
  const lock = (id: string): string => JSON.stringify({ ID: id, Operation: 'OperationTypeApply' });
  const holder = async (deployment: DeploymentDriver): Promise<{ id: string; run_id: string | null } | null> =>
    (await server.request('GET', `${deployment.path}/state/lock`)).body;

  it('of a run is neither broken nor written under by who may write and reads its id', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELD(`${server.dataDir}/go`) });
    const run = await deployment.start({ auto_approve: true });
    await eventually('the provisioner', async () => (await deployment.log(run.id, 'apply')).includes('at work'));
    const held = (await holder(deployment))!;
    expect(held.run_id).toBe(run.id);
    const state = JSON.stringify({ version: 4, serial: 99, lineage: 'x', outputs: {}, resources: [] });
    const withKey = { key: writeKey, query: `?ID=${held.id}` };
    expect(await backend(deployment, 'POST', state, withKey)).toBe(409);
    expect(await backend(deployment, 'DELETE', '', withKey)).toBe(409);
    expect(await backend(deployment, 'UNLOCK', lock(held.id), { key: writeKey })).toBe(409);
    expect(await backend(deployment, 'UNLOCK', '', { key: writeKey })).toBe(409);
    expect((await server.request('DELETE', `${deployment.path}?force=true`)).status).toBe(409);
    expect((await holder(deployment))?.id).toBe(held.id);
    await deployment.act(run.id, 'cancel', {});
    await deployment.reach(run.id, 'cancelled');
    expect(await holder(deployment)).toBeNull();
  });

  it("is not taken from its holder by the end of a tool whose own lock was broken, not even with an admin's key", async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': '' });
    expect(await backend(deployment, 'LOCK', lock('first'))).toBe(200);
    expect((await server.request('DELETE', `${deployment.path}/state/lock`)).status).toBe(204);
    expect(await backend(deployment, 'LOCK', lock('second'))).toBe(200);
    expect(await backend(deployment, 'UNLOCK', lock('first'))).toBe(409);
    expect((await holder(deployment))?.id).toBe('second');
  });

  it('is broken by force-unlock of terraform with an admin key, and with no other; workspaces are refused', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': '' });
    const address = `${server.url}/v1/state/${deployment.id}`;
    const project = new TerraformProject({
      files: { 'main.tf': 'terraform {\n  backend "http" {}\n}\n' },
      environment: {
        TF_HTTP_ADDRESS: address,
        TF_HTTP_LOCK_ADDRESS: address,
        TF_HTTP_UNLOCK_ADDRESS: address,
        TF_HTTP_USERNAME: 'me',
        TF_HTTP_PASSWORD: writeKey,
      },
    });
    try {
      expect((await project.init()).exitCode).toBe(0);
      expect(await backend(deployment, 'LOCK', lock('other'))).toBe(200);
      expect((await project.run(['force-unlock', '-force', 'other'])).exitCode).toBe(1);
      expect((await holder(deployment))?.id).toBe('other');
      project.environment.TF_HTTP_PASSWORD = ADMIN_KEY;
      expect((await project.run(['force-unlock', '-force', 'whatever'])).exitCode).toBe(0);
      expect(await holder(deployment)).toBeNull();
      const workspace = await project.run(['workspace', 'new', 'other']);
      expect(workspace.exitCode).toBe(1);
      expect(workspace.output).toContain('workspaces not supported');
    } finally {
      project.remove();
    }
  });
});

const OWN_KEY = randomBytes(32).toString('base64');

describe('a state whose key is another', () => {
  it('is refused with a reason, and stays as it is', async () => {
    const first = await startTestServer({ ENCRYPTION_KEY: OWN_KEY });
    const { dataDir } = first;
    const deployment = await DeploymentDriver.create(first, {
      'main.tf': 'resource "terraform_data" "one" { input = 1 }\n',
    });
    await deployment.apply();
    const versions = (await first.request('GET', `${deployment.path}/state/versions`)).body;
    await first.stop({ forget: false });
    const another = { ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    await expect(startTestServer(another, dataDir)).rejects.toThrow(/ENCRYPTION_KEY/);
    // Started all the same, since the key is said to be lost: it must not work on what it cannot read.
    const second = await startTestServer({ ...another, ENCRYPTION_KEY_LOST: 'true' }, dataDir);
    deployment.server = second;
    const read = await fetch(`${second.url}/v1/state/${deployment.id}`, {
      headers: { authorization: `Basic ${Buffer.from(`x:${ADMIN_KEY}`).toString('base64')}` },
    });
    expect(read.status).toBe(409);
    const run = await deployment.start({ auto_approve: true });
    await deployment.reach(run.id, 'failed');
    expect((await second.request('GET', `${deployment.path}/state/versions`)).body).toEqual(versions);
    const { id } = versions[0];
    expect((await second.request('POST', `${deployment.path}/state/versions/${id}/rollback`)).status).toBe(409);
    await second.stop({ forget: false });
    const third = await startTestServer({ ENCRYPTION_KEY: OWN_KEY }, dataDir);
    deployment.server = third;
    expect((await deployment.reach((await deployment.start()).id, 'success')).plan_summary.has_changes).toBe(false);
    await third.stop({ forget: true });
  });
});
