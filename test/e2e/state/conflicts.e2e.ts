import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { DeploymentDriver } from '../../support/run-driver';
import { TerraformProject } from '../../support/terraform-cli';
import { ADMIN_KEY, startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

describe('a state that somebody else has saved meanwhile', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const versions = async (deployment: DeploymentDriver): Promise<{ id: string; serial: number }[]> =>
    (await server.request('GET', `${deployment.path}/state/versions`)).body;
  const download = async (deployment: DeploymentDriver, id: string): Promise<TestResponse['body']> =>
    (await server.request('GET', `${deployment.path}/state/versions/${id}?download=true`)).body;
  const upload = (deployment: DeploymentDriver, state: unknown): Promise<TestResponse> =>
    server.request('POST', `${deployment.path}/state/versions`, state);
  const authorization = `Basic ${Buffer.from(`x:${ADMIN_KEY}`).toString('base64')}`;

  it('is not written over by the errored.tfstate of an apply, which is kept for a person', async () => {
    const go = join(server.dataDir, 'go-on');
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': `
        variable "mark" {}
        resource "terraform_data" "first" { input = var.mark }
        resource "terraform_data" "held" {
          triggers_replace = var.mark
          depends_on       = [terraform_data.first]
          provisioner "local-exec" { command = "echo at work; [ $TF_VAR_mark = one ] || while [ ! -e ${go} ]; do sleep 0.05; done" }
        }`,
    });
    await deployment.apply({ env_vars: { TF_VAR_mark: 'one' } });
    const [before] = await versions(deployment);

    const run = await deployment.start({ auto_approve: true, env_vars: { TF_VAR_mark: 'two' } });
    await eventually('the provisioner', async () => (await deployment.log(run.id, 'apply')).includes('at work'));
    // The only way past the lock of a run: an admin breaks it, though the run is at work.
    expect((await server.request('DELETE', `${deployment.path}/state/lock`)).status).toBe(204);
    const others = { ...(await download(deployment, before!.id)), serial: before!.serial + 50 };
    expect((await upload(deployment, others)).status).toBe(201);
    writeFileSync(go, '');

    const ended = await deployment.reach(run.id, 'failed');
    const log = ended.apply_log.replace(/[\s│]+/g, ' ');
    expect(log).toMatch(/errored\.tfstate, which could not be stored: The state is not accepted: its serial is \d+/);
    const [newest, ...older] = await versions(deployment);
    expect(newest!.serial).toBe(before!.serial + 50);
    expect(older.every(({ serial }) => serial <= before!.serial)).toBe(true);
    expect(await download(deployment, newest!.id)).toEqual(others);
    // What was really made is in the file, and a person can bring it.
    const file = join(server.dataDir, 'work', run.id, 'checkout', 'errored.tfstate');
    const made = JSON.parse(readFileSync(file, 'utf8'));
    expect(JSON.stringify(made.resources)).toContain('"two"');
    expect((await upload(deployment, { ...made, serial: newest!.serial + 1 })).status).toBe(201);
    expect(existsSync(file)).toBe(true);
  });

  it('is refused to terraform with -lock=false while somebody holds the lock, and their work goes on', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': '' });
    const address = `${server.url}/v1/state/${deployment.id}`;
    const project = new TerraformProject({
      files: { 'main.tf': 'terraform {\n  backend "http" {}\n}\nresource "terraform_data" "one" {}\n' },
      environment: {
        TF_HTTP_ADDRESS: address,
        TF_HTTP_LOCK_ADDRESS: address,
        TF_HTTP_UNLOCK_ADDRESS: address,
        TF_HTTP_USERNAME: 'me',
        TF_HTTP_PASSWORD: ADMIN_KEY,
        TF_HTTP_RETRY_MAX: '0',
      },
    });
    const send = async (method: string, query: string, body: string): Promise<number> =>
      (await fetch(`${address}${query}`, { method, headers: { authorization }, body })).status;
    const state = (serial: number): string => JSON.stringify({ version: 4, serial, lineage: 'theirs' });
    try {
      await project.init();
      expect(await send('LOCK', '', '{"ID":"theirs","Operation":"OperationTypeApply"}')).toBe(200);
      expect(await send('POST', '?ID=theirs', state(1))).toBe(200);
      const refused = await project.apply('-lock=false');
      expect(refused.exitCode).toBe(1);
      expect(refused.output).toMatch(/Failed to (?:save|persist) state/);
      expect(existsSync(join(project.directory, 'errored.tfstate'))).toBe(true);
      // Neither without the id of the lock nor with one that is made up, nor by emptying it.
      expect(await send('POST', '', state(2))).toBe(409);
      expect(await send('POST', '?ID=mine', state(2))).toBe(409);
      expect(await send('DELETE', '', '')).toBe(409);
      expect((await upload(deployment, JSON.parse(state(2)))).status).toBe(409);
      expect((await versions(deployment)).map(({ serial }) => serial)).toEqual([1]);
      expect(await send('POST', '?ID=theirs', state(2))).toBe(200);
      expect(await send('UNLOCK', '', '{"ID":"theirs"}')).toBe(200);
    } finally {
      project.remove();
    }
  });
});
