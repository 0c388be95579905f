import { DeploymentDriver } from '../../support/run-driver';
import { TerraformProject } from '../../support/terraform-cli';
import { ADMIN_KEY, startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const ONE = 'resource "terraform_data" "one" { input = 1 }\n';
const OF_PLATFORM = 'terraform {\n  backend "http" {}\n}\n';

interface Version {
  id: string;
  serial: number;
  lineage: string;
}

describe('the lineage of a state', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const create = (main = ''): Promise<DeploymentDriver> => DeploymentDriver.create(server, { 'main.tf': main });
  const upload = (deployment: DeploymentDriver, text: string): Promise<TestResponse> =>
    server.request('POST', `${deployment.path}/state/versions`, text);
  const versions = async (deployment: DeploymentDriver): Promise<Version[]> =>
    (await server.request('GET', `${deployment.path}/state/versions`)).body;
  const rollBack = (deployment: DeploymentDriver, { id }: { id: string }): Promise<TestResponse> =>
    server.request('POST', `${deployment.path}/state/versions/${id}/rollback`);
  const names = async (deployment: DeploymentDriver): Promise<string[]> =>
    (await versions(deployment)).map(({ lineage, serial }) => `${lineage} ${serial}`);
  const present = async (deployment: DeploymentDriver): Promise<{ lineage: string; serial: number }> =>
    (await fetch(`${server.url}/v1/state/${deployment.id}`, { headers: { authorization: basic } })).json() as never;
  const basic = `Basic ${Buffer.from(`x:${ADMIN_KEY}`).toString('base64')}`;
  const state = (lineage: string, serial: number, resources = 0, more = {}): string =>
    JSON.stringify({
      version: 4,
      terraform_version: '1.11.4',
      serial,
      lineage,
      outputs: {},
      resources: Array.from({ length: resources }, (_none, place) => ({
        mode: 'managed',
        type: 'terraform_data',
        name: `r${place}`,
        provider: 'provider["terraform.io/builtin/terraform"]',
        instances: [{ schema_version: 0, attributes: { id: 'x' } }],
      })),
      check_results: null,
      ...more,
    });

  it('ends with the last resource: a state of another may be uploaded then, and is gone on with', async () => {
    const deployment = await create(ONE);
    await deployment.apply();
    const [before] = await versions(deployment);
    const other = state('other', 1, 1);
    const refused = await upload(deployment, other);
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toMatch(/lineage "other".*holds resources.*Destroy them first/);

    await deployment.reach((await deployment.start({ operation: 'destroy', auto_approve: true })).id, 'success');
    expect((await upload(deployment, other)).status).toBe(201);
    const list = await versions(deployment);
    // Newest first, though its serial is the lowest of all.
    expect(list[0]).toMatchObject({ lineage: 'other', serial: 1 });
    expect(list[1]!.lineage).toBe(before!.lineage);
    expect(await present(deployment)).toMatchObject({ lineage: 'other', serial: 1 });
    // It holds resources, and so is in use.
    expect((await server.request('DELETE', deployment.path)).body.type).toBe('/problems/state-in-use');

    const run = await deployment.apply();
    const [newest] = await versions(deployment);
    expect(newest).toMatchObject({ lineage: 'other', run_id: run.id });
    expect(newest!.serial).toBeGreaterThan(1);

    const audit = (await server.request('GET', '/api/audit')).body as { action: string; details: object }[];
    const change = { lineage_changed: { from: before!.lineage, to: 'other' } };
    const entries = audit.filter(({ details }) => 'lineage_changed' in details);
    expect(entries).toEqual([expect.objectContaining({ action: 'state.upload' })]);
    expect(entries[0]!.details).toMatchObject(change);
  });

  it('is not changed over a state that the tool has encrypted, nor by a serial that it had already', async () => {
    const deployment = await create();
    const encrypted = JSON.stringify({ serial: 1, lineage: 'a', meta: {}, encrypted_data: 'x' });
    expect((await upload(deployment, encrypted)).status).toBe(201);
    const unseen = await upload(deployment, state('b', 2));
    expect(unseen.status).toBe(409);
    expect(unseen.body.detail).toContain('may hold resources');

    for (const text of [state('a', 5), state('b', 1), state('a', 9)]) {
      expect((await upload(deployment, text)).status).toBe(201);
    }
    expect((await upload(deployment, state('b', 1, 1))).body.detail).toMatch(/has 1 already: roll back to a version/);
    expect((await upload(deployment, state('b', 2, 1))).status).toBe(201);
    expect(await names(deployment)).toEqual(['b 2', 'a 9', 'b 1', 'a 5', 'a 1']);
  });

  it('of an older version comes back by a rollback, also over the state of something else', async () => {
    const deployment = await create();
    // The last one was put there by mistake.
    for (const text of [state('a', 3, 2), state('a', 7), state('b', 1, 1)]) {
      expect((await upload(deployment, text)).status).toBe(201);
    }
    const [, , full] = await versions(deployment);
    const back = await rollBack(deployment, full!);
    expect(back.body).toMatchObject({ lineage: 'a', serial: 8 });
    expect(await present(deployment)).toEqual(JSON.parse(state('a', 8, 2)));
    // What was there is a version still.
    expect(await names(deployment)).toEqual(['a 8', 'b 1', 'a 7', 'a 3']);
    const [entry] = (await server.request('GET', '/api/audit?action=state.rollback&limit=1')).body;
    expect(entry.details).toMatchObject({ lineage_changed: { from: 'b', to: 'a' } });
    // And within it as before.
    expect((await rollBack(deployment, (await versions(deployment))[2]!)).body).toMatchObject({ serial: 9 });
  });

  it('of many uploads at once over a state that holds nothing is that of one of them', async () => {
    const deployment = await create();
    await upload(deployment, state('a', 1));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_none, place) => upload(deployment, state(`other-${place}`, 1, 1))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await versions(deployment)).toHaveLength(2);
  });

  it('is changed by terraform where terraform itself allows it: state push and init -migrate-state', async () => {
    const deployment = await create(ONE);
    const address = `${server.url}/v1/state/${deployment.id}`;
    const environment = {
      TF_HTTP_ADDRESS: address,
      TF_HTTP_LOCK_ADDRESS: address,
      TF_HTTP_UNLOCK_ADDRESS: address,
      TF_HTTP_USERNAME: 'me',
      TF_HTTP_PASSWORD: ADMIN_KEY,
    };
    const local = new TerraformProject({ files: { 'main.tf': ONE } });
    const byHand = new TerraformProject({ files: { 'main.tf': `${OF_PLATFORM}${ONE}` }, environment });
    try {
      await local.init();
      expect((await local.apply()).exitCode).toBe(0);
      const file = `${local.directory}/terraform.tfstate`;
      expect((await upload(deployment, state('full', 1, 1))).status).toBe(201);
      await byHand.init();
      // Over resources: terraform refuses by itself, and forced it is refused.
      const push = await byHand.run(['state', 'push', file]);
      expect(push).toMatchObject({ exitCode: 1, output: expect.stringContaining('unrelated state') });
      const forced = await byHand.run(['state', 'push', '-force', file]);
      expect(forced).toMatchObject({ exitCode: 1, output: expect.stringContaining('409') });
      expect(await names(deployment)).toEqual(['full 1']);
      // Over nothing.
      expect((await upload(deployment, state('full', 2))).status).toBe(201);
      expect(await byHand.run(['state', 'push', file])).toMatchObject({ exitCode: 0 });
      expect((await versions(deployment))[0]!.lineage).toBe((await present(deployment)).lineage);
      expect((await byHand.plan()).output).toContain('No changes');
      // With outputs left, terraform wants it to be forced.
      const outputs = { outputs: { a: { value: 'x', type: 'string' } } };
      expect((await byHand.destroy()).exitCode).toBe(0);
      expect((await upload(deployment, state('outputs', 1, 0, outputs))).status).toBe(201);
      expect((await byHand.run(['state', 'push', file])).exitCode).toBe(1);

      const migrating = new TerraformProject({ files: { 'main.tf': ONE }, environment });
      try {
        await migrating.init();
        await migrating.apply();
        expect((await upload(deployment, state('outputs', 2))).status).toBe(201);
        migrating.writeFiles({ 'backend.tf': OF_PLATFORM });
        expect(await migrating.init('-migrate-state', '-force-copy')).toMatchObject({ exitCode: 0 });
        expect((await migrating.plan()).output).toContain('No changes');
        expect((await versions(deployment))[0]!.lineage).not.toBe('outputs');
      } finally {
        migrating.remove();
      }
    } finally {
      local.remove();
      byHand.remove();
    }
  });
});
