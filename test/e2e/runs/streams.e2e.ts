import { openStream } from '../../support/event-stream';
import { eventually } from '../../support/eventually';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, TestServer } from '../../support/test-server';

const ONE = 'resource "terraform_data" "one" {}\n';

describe('streams of runs', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('end when the key that opened them is deleted', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': ONE });
    const run = await deployment.reach((await deployment.start()).id, 'awaiting_approval');
    const { body: key } = await server.request('POST', '/api/namespaces/default/api-keys', {
      name: 'r',
      permissions: 'read',
    });
    const stream = await openStream(`${server.url}${deployment.path}/runs/${run.id}/stream`, key.key);
    await eventually('the stream', () => stream.text().includes('awaiting_approval'));
    await server.request('DELETE', `/api/namespaces/default/api-keys/${key.id}`);
    await stream.ended;
    expect(stream.events().at(-1)!.event).not.toBe('end');
    await deployment.act(run.id, 'cancel', {});
  });

  it('refuse an id that was never given', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': ONE });
    const run = await deployment.reach((await deployment.start()).id, 'awaiting_approval');
    expect((await deployment.stream(run.id, '5000')).status).toBe(400);
    expect((await deployment.stream(run.id, 'x')).status).toBe(400);
    await deployment.act(run.id, 'cancel', {});
  });

  it('give a hundred readers the same bytes', async () => {
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': 'resource "terraform_data" "one" {\n  provisioner "local-exec" { command = "seq 1 5000" }\n}\n',
    });
    const run = await deployment.start({ auto_approve: true });
    const streams = await Promise.all(Array.from({ length: 100 }, () => deployment.stream(run.id)));
    await deployment.reach(run.id, 'success');
    await Promise.all(streams.map(({ ended }) => ended));
    expect(new Set(streams.map(({ text }) => text())).size).toBe(1);
    expect(streams[0]!.events().at(-1)!.event).toBe('end');
  });
});

describe('the admin key of the environment', () => {
  it('does not come back after it was deleted', async () => {
    const first = await startTestServer();
    const { body: other } = await first.request('POST', '/api/api-keys', { name: 'other', permissions: 'admin' });
    const { body: own } = await first.request('GET', '/api/whoami');
    expect((await first.request('DELETE', `/api/api-keys/${own.id}`, undefined, other.key)).status).toBe(204);
    await first.stop({ forget: false });
    const second = await startTestServer({}, first.dataDir);
    try {
      expect((await second.request('GET', '/api/whoami')).status).toBe(401);
      expect((await second.request('GET', '/api/whoami', undefined, other.key)).status).toBe(200);
    } finally {
      await second.stop({ forget: true });
    }
  });
});
