import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TerraformProject } from '../../support/terraform-cli';
import { DeploymentDriver } from '../../support/run-driver';
import { ADMIN_KEY, startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const HELLO = `
variable "word" { default = "hello" }
resource "terraform_data" "one" { input = var.word }
output "word" { value = terraform_data.one.output }
output "secret" {
  value     = "s3cret-\${var.word}"
  sensitive = true
}
`;

describe('managed state', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const ask = async (method: string, path: string, body?: unknown): Promise<TestResponse['body']> => {
    const answer = await server.request(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  };
  const basic = (password: string): string => `Basic ${Buffer.from(`x:${password}`).toString('base64')}`;
  const backend = (
    deployment: DeploymentDriver,
    method: string,
    init: RequestInit & { query?: string } = {},
  ): Promise<Response> =>
    fetch(`${server.url}/v1/state/${deployment.id}${init.query ?? ''}`, {
      ...init,
      method,
      headers: { authorization: basic(ADMIN_KEY), ...init.headers },
    });
  const stateText = (serial: number, lineage = 'l', more = {}): string =>
    JSON.stringify({ version: 4, terraform_version: '1.11.4', serial, lineage, outputs: {}, resources: [], ...more });

  it('is there for the next run, which starts from a fresh directory and sees no changes', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const first = await deployment.apply();
    const again = await deployment.start();
    const done = await deployment.reach(again.id, 'success');
    expect(done.plan_summary).toMatchObject({ add: 0, change: 0, destroy: 0, has_changes: false });
    const versions = await ask('GET', `${deployment.path}/state/versions`);
    expect(versions.length).toBeGreaterThan(0);
    expect(versions[0]).toMatchObject({ run_id: first.id, serial: expect.any(Number) });
    expect(await ask('GET', `${deployment.path}/state/lock`)).toBeNull();
    expect(await ask('GET', `${deployment.path}/state/outputs`)).toEqual({
      word: { value: 'hello', type: 'string', sensitive: false },
      secret: { value: null, type: 'string', sensitive: true },
    });
    const destroyed = await deployment.start({ operation: 'destroy', auto_approve: true });
    await deployment.reach(destroyed.id, 'success');
    expect((await server.request('DELETE', deployment.path)).status).toBe(204);
  });

  it('is encrypted on the disk, and its tokens are in no log', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const run = await deployment.apply({ env_vars: { TF_VAR_word: 'canary-of-the-state' } });
    const { body } = await server.request('GET', `${deployment.path}/runs/${run.id}`);
    const files = (folder: string): string[] =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    const clear = files(join(server.dataDir, 'artifacts')).filter((file) =>
      readFileSync(file).includes('canary-of-the-state'),
    );
    expect(clear).toEqual([]);
    expect(`${body.init_log}${body.plan_log}${body.apply_log}`).not.toMatch(/pls_[0-9a-f]/);
    const [version] = await ask('GET', `${deployment.path}/state/versions`);
    const raw = await server.request('GET', `${deployment.path}/state/versions/${version.id}?download=true`);
    expect(raw.text).toContain('canary-of-the-state');
  });

  it('takes the place of a backend, a cloud block and a hostile override, or the run fails', async () => {
    const own = await DeploymentDriver.create(server, {
      'main.tf': `terraform {\n  backend "local" { path = "/tmp/never-${Date.now()}.tfstate" }\n}\n${HELLO}`,
    });
    await own.apply();
    expect((await ask('GET', `${own.path}/state/versions`)).length).toBeGreaterThan(0);
    const cloud = await DeploymentDriver.create(server, {
      'main.tf': `terraform {\n  cloud {\n    organization = "x"\n    workspaces { name = "y" }\n  }\n}\n${HELLO}`,
    });
    await cloud.apply();
    const hostile = await DeploymentDriver.create(server, {
      'main.tf': HELLO,
      '~~zzz_override.tf': 'terraform {\n  backend "local" {}\n}\n',
    });
    const run = await hostile.start();
    await expect(hostile.reach(run.id, 'awaiting_approval')).rejects.toThrow(/would not be kept by the platform/);
    expect(await ask('GET', `${hostile.path}/state/versions`)).toEqual([]);
    const redirected = await DeploymentDriver.create(server, {
      'main.tf': HELLO,
      '~~zzz_override.tf': 'terraform {\n  backend "http" {\n    address = "http://127.0.0.1:1/"\n  }\n}\n',
    });
    const other = await redirected.start();
    await expect(redirected.reach(other.id, 'awaiting_approval')).rejects.toThrow(/failed/);
  });

  it('passes over a state and a lock that are committed in the repository', async () => {
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': HELLO,
      'terraform.tfstate': stateText(5, 'committed'),
      '.terraform/terraform.tfstate': '{"version":3,"backend":{"type":"local","config":{}}}',
      '~platform_override.tf': 'terraform {\n  backend "local" {}\n}\n',
    });
    const run = await deployment.apply();
    expect(run.init_log).toContain('terraform.tfstate');
    const [version] = await ask('GET', `${deployment.path}/state/versions`);
    expect(version.lineage).not.toBe('committed');
  });

  it('is used by hand with a key: lock, versions, contention that names its holder', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const project = new TerraformProject({
      files: { 'main.tf': `${HELLO}\nterraform {\n  backend "http" {}\n}\n` },
      environment: {
        TF_HTTP_ADDRESS: `${server.url}/v1/state/${deployment.id}`,
        TF_HTTP_LOCK_ADDRESS: `${server.url}/v1/state/${deployment.id}`,
        TF_HTTP_UNLOCK_ADDRESS: `${server.url}/v1/state/${deployment.id}`,
        TF_HTTP_USERNAME: 'me',
        TF_HTTP_PASSWORD: ADMIN_KEY,
      },
    });
    try {
      expect((await project.init()).exitCode).toBe(0);
      expect((await project.apply()).exitCode).toBe(0);
      const lock = {
        ID: 'by-hand',
        Operation: 'OperationTypeApply',
        Who: 'me@here',
        Info: '',
        Version: '',
        Created: '',
        Path: '',
      };
      expect((await backend(deployment, 'LOCK', { body: JSON.stringify(lock) })).status).toBe(200);
      const blocked = await project.plan();
      expect(blocked.exitCode).toBe(1);
      // It breaks lines where they are full.
      expect(blocked.output.replace(/\s+/g, ' ')).toMatch(
        /admin \(from ADMIN_API_KEY\) \(plm_\w+\) \(apply\) since \d\d:\d\d UTC/,
      );
      expect((await ask('GET', `${deployment.path}/state/lock`)).operation).toBe('apply');
      expect((await backend(deployment, 'UNLOCK', { body: JSON.stringify(lock) })).status).toBe(200);
      expect((await project.plan()).output).toContain('No changes');
      expect((await project.destroy()).exitCode).toBe(0);
    } finally {
      project.remove();
    }
  });

  it('takes no state of another lineage, none that is older, and nothing that is none', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const post = async (body: string, query = ''): Promise<number> =>
      (await backend(deployment, 'POST', { body, query })).status;
    expect((await backend(deployment, 'GET')).status).toBe(204);
    expect(await post(stateText(3))).toBe(200);
    // A lost answer: the tool sends the same once more.
    expect(await post(stateText(3))).toBe(200);
    expect(await post(stateText(3, 'l', { x: 1 }))).toBe(409);
    expect(await post(stateText(2))).toBe(409);
    const resources = [{ mode: 'managed', type: 'terraform_data', name: 'one', instances: [{}] }];
    expect(await post(stateText(3, 'l', { resources }), '?path=full')).toBe(200);
    expect(await post(stateText(4, 'other'), '?path=full')).toBe(409);
    expect(await post('{"version":4')).toBe(400);
    expect(await post('')).toBe(400);
    expect(await post(stateText(4))).toBe(200);
    const versions = await ask('GET', `${deployment.path}/state/versions`);
    expect(versions.map(({ serial }: { serial: number }) => serial)).toEqual([4, 3]);
    const bytes = stateText(9, 'l', { number: 1 }).replace('"number":1', '"number":12345678901234567890');
    expect(await post(bytes)).toBe(200);
    expect(await (await backend(deployment, 'GET')).text()).toBe(bytes);
    // Rolled back: a new version with the old content.
    const back = await ask('POST', `${deployment.path}/state/versions/${versions[1].id}/rollback`);
    expect(back.serial).toBe(10);
    expect(await (await backend(deployment, 'GET')).text()).toBe(stateText(10));
    // Other folders have states of their own.
    expect((await backend(deployment, 'GET', { query: '?path=elsewhere' })).status).toBe(204);
  });

  it('of many writers and lockers at once lets one through', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const locks = await Promise.all(
      Array.from({ length: 100 }, (_none, place) =>
        backend(deployment, 'LOCK', { body: JSON.stringify({ ID: `lock-${place}`, Operation: 'OperationTypePlan' }) }),
      ),
    );
    expect(locks.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(locks.filter(({ status }) => status === 423)).toHaveLength(99);
    const winner = locks.findIndex(({ status }) => status === 200);
    const writes = await Promise.all(
      Array.from({ length: 50 }, (_none, place) =>
        backend(deployment, 'POST', { query: `?ID=lock-${winner}`, body: stateText(1, 'l', { place }) }),
      ),
    );
    expect(writes.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await backend(deployment, 'POST', { body: stateText(2) })).status).toBe(409);
    expect((await server.request('DELETE', `${deployment.path}/state/lock`)).status).toBe(204);
    expect((await backend(deployment, 'POST', { body: stateText(2) })).status).toBe(200);
  });

  it('opens to the keys and tokens that may, and to no others', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const namespace = await ask('POST', '/api/namespaces', { name: 'state-other' });
    const key = async (path: string, permissions: string): Promise<string> =>
      (await ask('POST', path, { name: 'k', permissions })).key;
    const own = '/api/namespaces/default/api-keys';
    const status = async (password: string | null): Promise<number> =>
      (
        await fetch(`${server.url}/v1/state/${deployment.id}`, {
          headers: password === null ? {} : { authorization: basic(password) },
        })
      ).status;
    expect(await status(null)).toBe(401);
    expect(await status(`plm_${'0'.repeat(43)}`)).toBe(401);
    expect(await status(await key(own, 'read'))).toBe(403);
    expect(await status(await key(own, 'write'))).toBe(204);
    expect(await status(await key(`/api/namespaces/${namespace.id}/api-keys`, 'admin'))).toBe(404);
    const answer = await fetch(`${server.url}/v1/state/${deployment.id}`);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic/);
  });

  it('is brought from elsewhere', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const directory = mkdtempSync(join(tmpdir(), 'plomada-state-'));
    const project = new TerraformProject({ files: { 'main.tf': HELLO } });
    try {
      await project.init();
      await project.apply();
      const text = readFileSync(join(project.directory, 'terraform.tfstate'), 'utf8');
      const uploaded = await server.request('POST', `${deployment.path}/state/versions`, text);
      expect(uploaded.status).toBe(201);
      const run = await deployment.start();
      expect((await deployment.reach(run.id, 'success')).plan_summary.has_changes).toBe(false);
      expect((await server.request('POST', `${deployment.path}/state/versions`, '{"a":1}')).status).toBe(400);
    } finally {
      project.remove();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
