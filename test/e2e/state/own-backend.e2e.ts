import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const USER = 'backend-user';
const PASSWORD = 'backend-p4ssword';

/** The least that terraform takes for a backend: one state, a lock, and one user. */
class HttpBackend {
  state = '';
  refused = 0;
  readonly seen: string[] = [];
  private lock: string | null = null;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void this.answer(request).then(({ status, body }) => response.writeHead(status).end(body));
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/state`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const body = await text(request);
    const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    if (request.headers.authorization !== expected) {
      this.refused += 1;
      return { status: 401, body: '' };
    }
    this.seen.push(request.method ?? '');
    switch (request.method) {
      case 'GET':
        return { status: this.state === '' ? 204 : 200, body: this.state };
      case 'POST':
        this.state = body;
        return { status: 200, body: '' };
      case 'LOCK':
        if (this.lock !== null) return { status: 423, body: this.lock };
        this.lock = body;
        return { status: 200, body: '' };
      default:
        this.lock = null;
        return { status: 200, body: '' };
    }
  }
}

/** Shows the names of the settings of the backend that a command has, and one of their values. */
const TELLING = `
terraform {
  backend "http" {}
}
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "env | grep -o '^TF_HTTP_[A-Z_]*' | sort | tr '\\\\n' ' '; echo password $TF_HTTP_PASSWORD"
  }
}
`;

describe('a backend "http" of the configuration', () => {
  let server: TestServer;
  let backend: HttpBackend;
  let address: string;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    backend = new HttpBackend();
    address = await backend.open();
  });
  afterEach(() => backend.close());

  const putVariables = (deployment: DeploymentDriver, list: unknown): Promise<TestResponse> =>
    server.request('PUT', `${deployment.path}/variables`, list);
  const variable = (key: string, value: string | null, sensitive = false): Record<string, unknown> => ({
    key,
    value,
    category: 'env',
    sensitive,
  });

  it('gets its address and credentials from the run, when the platform keeps no state', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': TELLING }, { state_backend: 'none' });
    const given = {
      env_vars: { TF_HTTP_ADDRESS: address, TF_HTTP_LOCK_ADDRESS: address, TF_HTTP_UNLOCK_ADDRESS: address },
      sensitive_env_vars: { TF_HTTP_USERNAME: USER, TF_HTTP_PASSWORD: PASSWORD },
    };
    const run = await deployment.apply(given);
    expect(run.apply_log).toContain('password ***');
    expect(`${run.init_log}${run.plan_log}${run.apply_log}`).not.toContain(PASSWORD);
    expect(JSON.parse(backend.state).resources).toHaveLength(1);
    expect(backend.seen).toEqual(expect.arrayContaining(['LOCK', 'POST', 'UNLOCK']));
    expect(backend.refused).toBe(0);
    const again = await deployment.start({ ...given, operation: 'plan' });
    expect((await deployment.reach(again.id, 'success')).plan_summary.has_changes).toBe(false);
    expect((await server.request('GET', `${deployment.path}/state/versions`)).body).toEqual([]);
    // Wrong credentials are not mended by anybody.
    const wrong = await deployment.start({ ...given, sensitive_env_vars: { TF_HTTP_USERNAME: USER } });
    await expect(deployment.reach(wrong.id, 'success')).rejects.toThrow(/failed/);
    expect(backend.refused).toBeGreaterThan(0);
  });

  it('gets them from variables and sets; a deployment whose state the platform keeps passes over those', async () => {
    const namespace = (await server.request('POST', '/api/namespaces', { name: 'own-backend' })).body.id;
    const set = await server.request('POST', `/api/namespaces/${namespace}/variable-sets`, {
      name: 'backend',
      variables: [
        variable('TF_HTTP_ADDRESS', address),
        variable('TF_HTTP_USERNAME', USER),
        variable('TF_HTTP_SKIP_CERT_VERIFICATION', 'true'),
      ],
    });
    expect(set.status).toBe(201);
    const deployment = await DeploymentDriver.create(
      server,
      { 'main.tf': TELLING },
      { state_backend: 'none', namespace_id: namespace },
    );
    const own = [variable('TF_HTTP_PASSWORD', PASSWORD, true), variable('TF_HTTP_RETRY_MAX', '1')];
    expect((await putVariables(deployment, own)).status).toBe(200);
    expect((await putVariables(deployment, [variable('TF_FORCE_LOCAL_BACKEND', '1')])).status).toBe(400);
    const run = await deployment.apply();
    expect(run.apply_log).toContain('password ***');
    expect(JSON.parse(backend.state).resources).toHaveLength(1);

    const toManaged = await server.request('PATCH', deployment.path, { state_backend: 'managed' });
    expect(toManaged.status).toBe(200);
    const before = { state: backend.state, count: backend.seen.length };
    const managed = await deployment.apply();
    expect({ state: backend.state, count: backend.seen.length }).toEqual(before);
    expect((await server.request('GET', `${deployment.path}/state/versions`)).body[0].run_id).toBe(managed.id);
    // The platform's own settings and none of the user's.
    const names =
      'TF_HTTP_ADDRESS TF_HTTP_LOCK_ADDRESS TF_HTTP_PASSWORD TF_HTTP_RETRY_MAX TF_HTTP_RETRY_WAIT_MAX TF_HTTP_RETRY_WAIT_MIN TF_HTTP_UNLOCK_ADDRESS TF_HTTP_USERNAME';
    expect(managed.apply_log.replace(/\s+/g, ' ')).toContain(`${names} password ***`);
    expect(`${managed.plan_log}${managed.apply_log}`).not.toContain(PASSWORD);
    // What was stored before is shown, and not taken anew.
    const stored = (await server.request('GET', `${deployment.path}/variables`)).body;
    expect(stored).toHaveLength(2);
    expect((await putVariables(deployment, stored)).status).toBe(400);
  });

  it('is not told anything by the runs of a deployment whose state the platform keeps', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': TELLING });
    for (const field of ['env_vars', 'sensitive_env_vars']) {
      const answer = await server.request('POST', `${deployment.path}/runs`, { [field]: { TF_HTTP_ADDRESS: address } });
      expect(answer.status).toBe(400);
      expect(answer.body.errors[0].field).toBe(`${field}.TF_HTTP_ADDRESS`);
    }
    const answer = await putVariables(deployment, [variable('TF_HTTP_PASSWORD', PASSWORD, true)]);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain(PASSWORD);
  });
});
