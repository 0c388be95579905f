import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { DeploymentDriver } from '../../support/run-driver';
import { ADMIN_KEY, startTestServer, type TestServer } from '../../support/test-server';

const MEBIBYTE = 2 ** 20;
const authorization = `Basic ${Buffer.from(`x:${ADMIN_KEY}`).toString('base64')}`;

/** A state of so many bytes, most of which do not compress. */
function stateOf(serial: number, bytes: number, more: Record<string, unknown> = {}): string {
  const outputs = { seen: { value: serial, type: 'number' }, large: { value: 'hidden', sensitive: true } };
  const filler = randomBytes((bytes * 3) / 4).toString('base64');
  return JSON.stringify({ version: 4, serial, lineage: 'l', outputs, resources: [], filler, ...more });
}

describe('large states', () => {
  let server: TestServer;
  let deployment: DeploymentDriver;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    deployment = await DeploymentDriver.create(server, { 'main.tf': '' });
  });

  const send = (of: DeploymentDriver, method: string, body?: string): Promise<Response> =>
    fetch(`${server.url}/v1/state/${of.id}`, { method, headers: { authorization }, ...(body ? { body } : {}) });
  const get = async (of: DeploymentDriver): Promise<string> => (await send(of, 'GET')).text();
  const health = async (): Promise<number> => {
    const from = performance.now();
    await (await fetch(`${server.url}/health/live`)).text();
    return performance.now() - from;
  };

  it('go in and out as small ones do: byte for byte, rolled back, told of, downloaded, emptied', async () => {
    const [first, second] = [stateOf(1, 3 * MEBIBYTE), stateOf(2, 4 * MEBIBYTE)];
    expect((await send(deployment, 'POST', first)).status).toBe(200);
    expect((await send(deployment, 'POST', first)).status).toBe(200);
    expect((await send(deployment, 'POST', second)).status).toBe(200);
    const read = await send(deployment, 'GET');
    expect(read.headers.get('content-length')).toBe(String(second.length));
    expect(read.headers.get('cache-control')).toBe('no-store');
    expect((await read.text()) === second).toBe(true);
    const { body: versions } = await server.request('GET', `${deployment.path}/state/versions`);
    expect(versions).toHaveLength(2);
    const old = await server.request('GET', `${deployment.path}/state/versions/${versions[1].id}?download=true`);
    expect(old.text === first).toBe(true);
    const back = await server.request('POST', `${deployment.path}/state/versions/${versions[1].id}/rollback`);
    expect(back.body).toMatchObject({ serial: 3, size_bytes: first.length });
    expect((await get(deployment)) === first.replace('"serial":1', '"serial":3')).toBe(true);
    expect((await server.request('GET', `${deployment.path}/state/outputs`)).body).toEqual({
      seen: { value: 1, type: 'number', sensitive: false },
      large: { value: null, type: null, sensitive: true },
    });
    expect((await send(deployment, 'DELETE')).status).toBe(200);
    expect(JSON.parse(await get(deployment))).toMatchObject({ serial: 4, lineage: 'l', resources: [], outputs: {} });
  });

  it('that are none, or may not follow, are refused as small ones are', async () => {
    expect((await send(deployment, 'POST', stateOf(1, 2 * MEBIBYTE).slice(0, -1))).status).toBe(400);
    expect((await send(deployment, 'POST', stateOf(5, 2 * MEBIBYTE))).status).toBe(200);
    expect((await send(deployment, 'POST', stateOf(4, 2 * MEBIBYTE))).status).toBe(409);
    expect((await send(deployment, 'POST', stateOf(6, 2 * MEBIBYTE))).status).toBe(200);
  });

  it('written to cost much are no burden: others are answered meanwhile', async () => {
    const hostile = `{"version":4,"serial":1,"lineage":"l","resources":[${'{},'.repeat(10_000_000)}{}],"outputs":{}}`;
    let isOver = false;
    const taking = send(deployment, 'POST', hostile).finally(() => (isOver = true));
    const waits: number[] = [];
    while (!isOver) waits.push(await health());
    expect((await taking).status).toBe(200);
    expect(Math.max(...waits)).toBeLessThan(1_000);
    expect(waits.length).toBeGreaterThan(3);
  });

  it('of many at once, in both directions, all get through', async () => {
    const crowd = await Promise.all(
      Array.from({ length: 5 }, () => DeploymentDriver.create(server, { 'main.tf': '' })),
    );
    const states = crowd.map((_each, number) => stateOf(number, 20 * MEBIBYTE));
    const answers = await Promise.all(crowd.map((each, number) => send(each, 'POST', states[number])));
    expect(answers.map(({ status }) => status)).toEqual(crowd.map(() => 200));
    const read = await Promise.all([...crowd, ...crowd].map(get));
    expect(read.map((text, number) => text === states[number % 5])).toEqual(read.map(() => true));
  });

  it('of clients that go away in the middle hold nobody up', async () => {
    const state = stateOf(1, 40 * MEBIBYTE);
    const { hostname, port } = new URL(server.url);
    const path = `/v1/state/${deployment.id}`;
    const open = (method: string, headers = {}) =>
      request({ hostname, port, path, method, agent: false, headers: { authorization, ...headers } });
    for (let round = 0; round < 3; round++) {
      // Longer than all that may be at work at once.
      const sending = open('POST', { 'content-length': state.length });
      const gone = once(sending, 'error');
      sending.write(state.slice(0, 5 * MEBIBYTE), () => sending.destroy(new Error('gone')));
      await gone;
    }
    expect((await send(deployment, 'POST', state)).status).toBe(200);
    for (let round = 0; round < 3; round++) {
      const reading = open('GET').end();
      const [response] = await once(reading, 'response');
      await once(response, 'data');
      response.destroy();
    }
    expect((await get(deployment)) === state).toBe(true);
  });
});
