import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunRegistryAccess } from '../../src/deployments/execution/run-registry-access';
import { RunStateAccess } from '../../src/deployments/execution/run-state-access';
import { eventually } from '../support/eventually';
import { serveRepository, type GitServer } from '../support/git-fixture';
import { DeploymentDriver } from '../support/run-driver';
import { startTestServer, type TestServer } from '../support/test-server';
import { FaultRoom, ledgerConfiguration, LINES } from './fault-room';

/** A namespace that nobody reads without a credential. */
const CLOSED = 'closed';
const IN_CLOSED = { namespace_id: CLOSED };

type Credential = 'init' | 'plan' | 'apply' | 'registry';
type Deed = 'read' | 'lock' | 'write' | 'registry';
const DEEDS: Deed[] = ['read', 'lock', 'write', 'registry'];

/** What works: `+` opened, `-` it is known and may not, nothing: it is nobody's. */
type Powers = Record<Credential, string>;
const NOTHING: Powers = { init: '', plan: '', apply: '', registry: '' };

async function askWith(url: string, deploymentId: string, token: string, deed: Deed, query = ''): Promise<number> {
  if (deed === 'registry') {
    const authorization = `Bearer ${token}`;
    return (await fetch(`${url}/v1/modules/${CLOSED}/none/none/versions`, { headers: { authorization } })).status;
  }
  const authorization = `Basic ${Buffer.from(`run:${token}`).toString('base64')}`;
  const method = { read: 'GET', lock: 'LOCK', write: 'POST' }[deed];
  const body = { read: undefined, lock: '{"ID":"stolen"}', write: 'no state at all' }[deed];
  const answer = await fetch(`${url}/v1/state/${deploymentId}${query}`, { method, headers: { authorization }, body });
  // A lock that was got is given back, so that looking changes nothing.
  if (deed === 'lock' && answer.status === 200) {
    await fetch(`${url}/v1/state/${deploymentId}`, { method: 'UNLOCK', headers: { authorization }, body });
  }
  return answer.status;
}

describe('the credentials of a run', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.request('POST', '/api/namespaces', { name: CLOSED });
  });
  afterAll(() => server.stop());

  const credentials = (runId: string): Record<Credential, string> => {
    const { app } = server.application;
    const [init = '', plan = '', apply = ''] = app.get(RunStateAccess).tokensOf({ id: runId, attempt: 1 });
    return { init, plan, apply, registry: app.get(RunRegistryAccess).tokenOf(runId) };
  };
  const ask = (deployment: DeploymentDriver, token: string, deed: Deed, query = ''): Promise<number> =>
    askWith(server.url, deployment.id, token, deed, query);

  /** What each credential opens just now: a letter for each deed. */
  const powers = async (deployment: DeploymentDriver, runId: string): Promise<Powers> => {
    const found = { ...NOTHING };
    for (const [name, token] of Object.entries(credentials(runId)) as [Credential, string][]) {
      for (const deed of DEEDS) {
        const status = await ask(deployment, token, deed);
        if (status === 401) continue;
        // 400: the state was read and is none. 404: there is no such module. 409, 423: somebody holds the lock.
        found[name] += `${[200, 204, 400, 404, 409, 423].includes(status) ? '+' : '-'}${deed} `;
      }
    }
    return found;
  };

  it('each works in its phase, for what it is for, and at no other time', async () => {
    let letClone = (): void => undefined;
    const cloneHeld = new Promise<void>((resolve) => (letClone = resolve));
    let gitServer: GitServer | undefined;
    try {
      const source = await DeploymentDriver.create(server, { 'main.tf': slowThenHeld(server.dataDir) }, IN_CLOSED);
      gitServer = await serveRepository(source.repository, { beforeAnswer: () => cloneHeld });
      expect((await server.request('PATCH', source.path, { git_url: gitServer.url })).status).toBe(200);
      const run = await source.start();
      await source.reach(run.id, 'initializing');
      expect(await powers(source, run.id)).toEqual({
        init: '+read -lock -write ',
        plan: '',
        apply: '',
        registry: '+registry ',
      });
      letClone();
      await source.reach(run.id, 'planning');
      const lock = `${source.path}/state/lock`;
      await eventually('the lock', async () => (await server.request('GET', lock)).body?.run_id === run.id);
      const whilePlanning = await powers(source, run.id);
      // The plan is slow; had it ended meanwhile, this would say nothing.
      expect((await source.get(run.id)).status).toBe('planning');
      expect(whilePlanning).toEqual({
        init: '+read -lock -write ',
        plan: '+read +lock -write ',
        apply: '',
        registry: '+registry ',
      });
      await source.reach(run.id, 'awaiting_approval');
      expect(await powers(source, run.id)).toEqual(NOTHING);
      await source.act(run.id, 'approve', { approved: true });
      await eventually('the apply', async () => (await source.log(run.id, 'apply')).includes('at work'));
      expect(await powers(source, run.id)).toEqual({
        init: '',
        plan: '',
        apply: '+read +lock +write ',
        registry: '+registry ',
      });
      writeFileSync(join(server.dataDir, 'go'), '');
      await source.reach(run.id, 'success');
      expect(await powers(source, run.id)).toEqual(NOTHING);
    } finally {
      letClone();
      await gitServer?.close();
    }
  });

  it('are those of one run, deployment and folder: another that is at work just now is closed to them', async () => {
    const held = `${server.dataDir}/one`;
    const one = await DeploymentDriver.create(server, { 'main.tf': ledgerConfiguration(held, true) }, IN_CLOSED);
    const other = await DeploymentDriver.create(server, { 'main.tf': '' }, IN_CLOSED);
    const earlier = await one.start({ operation: 'plan' });
    await one.reach(earlier.id, 'success');
    const run = await one.start({ auto_approve: true });
    // The folder of the ledger is not there: what counts is that the provisioner waits.
    await eventually('the provisioner', async () =>
      (await one.log(run.id, 'apply')).includes(`numbered ${LINES} of ${LINES}`),
    );
    const own = credentials(run.id);
    expect(await ask(one, own.apply, 'read')).toBeLessThan(300);
    expect(await ask(one, own.apply, 'read', '?path=other')).toBe(403);
    expect(await ask(other, own.apply, 'read')).toBeGreaterThanOrEqual(401);
    expect(await ask(other, own.apply, 'write')).toBeGreaterThanOrEqual(401);
    // Not those of an earlier run, though one of the same deployment and folder is at work.
    expect(await powers(one, earlier.id)).toEqual(NOTHING);
    // Nor does the id of the run at work make the signature of another one right.
    const mixed = own.apply.replace(/_[\w-]{43}$/, credentials(earlier.id).apply.slice(-44));
    expect(mixed).not.toBe(own.apply);
    expect(await ask(one, mixed, 'read')).toBe(401);
    for (const token of Object.values(own)) {
      expect((await server.request('GET', one.path, undefined, token)).status).toBe(401);
      expect((await server.request('POST', `${one.path}/runs`, {}, token)).status).toBe(401);
      expect((await server.request('GET', `${one.path}/state/versions`, undefined, token)).status).toBe(401);
    }
    await one.act(run.id, 'cancel', { force: true });
    await one.reach(run.id, 'cancelled');
    expect(await powers(one, run.id)).toEqual(NOTHING);
    expect((await server.request('DELETE', `${one.path}/runs/${run.id}`)).status).toBe(204);
    expect(await powers(one, run.id)).toEqual(NOTHING);
  });

  it('of a run that failed, or was cancelled or rejected before it applied, are nobody’s', async () => {
    const deployment = await DeploymentDriver.create(
      server,
      { 'main.tf': ledgerConfiguration(server.dataDir) },
      IN_CLOSED,
    );
    const failed = await deployment.start({ path: 'none' });
    await deployment.reach(failed.id, 'failed');
    const rejected = await deployment.start();
    await deployment.reach(rejected.id, 'awaiting_approval');
    const waiting = await deployment.start();
    expect(await powers(deployment, waiting.id)).toEqual(NOTHING);
    await deployment.act(rejected.id, 'approve', { approved: false });
    await deployment.act(waiting.id, 'cancel', {});
    await deployment.reach(waiting.id, 'cancelled');
    for (const { id } of [failed, rejected, waiting]) expect(await powers(deployment, id)).toEqual(NOTHING);
  });
});

describe('the credentials of a run, when its server or its tool is killed', () => {
  let room: FaultRoom;
  afterEach(() => room.close());

  it('go on working for the tool that goes on, and end with the run', async () => {
    room = await FaultRoom.open();
    await room.request('POST', '/api/namespaces', { name: CLOSED });
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true), IN_CLOSED);
    const run = await room.startHeldApply(deployment, 'killed');
    // As whoever can read the tool's environment and files has them.
    const environment = readFileSync(`/proc/${room.toolOf(run.id)}/environ`, 'utf8');
    const apply = /TF_HTTP_PASSWORD=([^\0]+)/.exec(environment)![1]!;
    const registry = /plr_[\w-]+/.exec(readFileSync(join(room.dataDir, 'work', run.id, 'cli.tfrc'), 'utf8'))![0];
    const statuses = async (): Promise<number[]> => [
      await askWith(room.url, deployment.id, apply, 'read'),
      await askWith(room.url, deployment.id, registry, 'registry'),
    ];
    const working = await statuses();
    expect(working[0]).toBeLessThan(300);
    expect(working[1]).toBe(404);
    await room.kill();
    await room.start();
    expect(await statuses()).toEqual(working);
    process.kill(room.toolOf(run.id)!, 'SIGKILL');
    await deployment.reach(run.id, 'failed');
    expect(await statuses()).toEqual([401, 401]);
    // The lock stays for a person; who was killed can neither give it back nor write.
    expect(await room.lock(deployment)).toMatchObject({ run_id: run.id });
    expect(await askWith(room.url, deployment.id, apply, 'write')).toBe(401);
    await room.kill();
    await room.start();
    expect(await statuses()).toEqual([401, 401]);
  });
});

/** A plan that takes its time, and an apply that waits for a file. */
const slowThenHeld = (dataDir: string): string => `
resource "terraform_data" "slow" {
  input = length([for i in range(500) : i if length([for j in range(1000) : j if j * i == 7]) > 1000])
  provisioner "local-exec" { command = "echo at work; while [ ! -e ${dataDir}/go ]; do sleep 0.05; done" }
}
`;
