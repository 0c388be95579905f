import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ArtifactCollector } from '../../../src/artifacts/artifact-collector.service';
import { eventually } from '../../support/eventually';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const DAY_MS = 24 * 3_600_000;

describe('the collector of artefacts', () => {
  let server: TestServer;
  let deployment: DeploymentDriver;

  beforeEach(async () => {
    server = await startTestServer({ STATE_KEEP_VERSIONS: '3' });
    deployment = await DeploymentDriver.create(server, { 'main.tf': '' });
  });
  afterEach(() => server.stop());

  const state = (serial: number): string => JSON.stringify({ version: 4, serial, lineage: 'l', note: `is ${serial}` });
  const upload = (serial: number): Promise<TestResponse> =>
    server.request('POST', `${deployment.path}/state/versions`, state(serial));
  const blobs = (): string[] =>
    readdirSync(join(server.dataDir, 'artifacts'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /[0-9a-f]{64}$/.test(name))
      .sort();
  const sweep = async (at: Date): Promise<string[]> =>
    (await server.application.app.get(ArtifactCollector).sweep(at, false)).removed;
  /** Every version that is listed can be had. */
  const readAll = async (): Promise<string[]> => {
    const { body } = await server.request('GET', `${deployment.path}/state/versions`);
    return Promise.all(
      body.map(async ({ id }: { id: string }) => {
        const answer = await server.request('GET', `${deployment.path}/state/versions/${id}?download=true`);
        return answer.text;
      }),
    );
  };

  it('removes what belonged to versions that are gone, and nothing that a version names, however old', async () => {
    for (const serial of [1, 2, 3, 4, 5]) expect((await upload(serial)).status).toBe(201);
    expect(blobs()).toHaveLength(5);
    // Not before a day has passed, though two of them belong to nobody.
    expect(await sweep(new Date())).toEqual([]);
    expect(await sweep(new Date(Date.now() + 2 * DAY_MS))).toHaveLength(2);
    expect(blobs()).toHaveLength(3);
    expect(await sweep(new Date(Date.now() + 1000 * DAY_MS))).toEqual([]);
    expect(await readAll()).toEqual([state(5), state(4), state(3)]);
    expect((await server.request('DELETE', deployment.path)).status).toBe(204);
    expect(await sweep(new Date(Date.now() + 2 * DAY_MS))).toHaveLength(3);
    expect(blobs()).toEqual([]);
  });

  it('leaves the content of a version that is being written, and whose row is not there yet', async () => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    // Holds the one write connection, so that the content is stored and its row is not.
    const holding = server.application.database.transaction(() => held);
    const uploading = upload(1);
    await eventually('the content', () => blobs().length === 1);
    expect(await sweep(new Date())).toEqual([]);
    // At the last moment of its grace, too.
    expect(await sweep(new Date(Date.now() + DAY_MS - 60_000))).toEqual([]);
    letGo();
    await holding;
    expect((await uploading).status).toBe(201);
    expect(await sweep(new Date(Date.now() + 2 * DAY_MS))).toEqual([]);
    expect(await readAll()).toEqual([state(1)]);
  });
});
