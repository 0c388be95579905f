import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { processesOf } from '../support/processes';
import { DeploymentDriver, type RunBody } from '../support/run-driver';
import { ADMIN_KEY, startTestServer, type TestServer } from '../support/test-server';
import { ledgerConfiguration, LINES } from './fault-room';

const MANY = 200;

type Action = 'approve' | 'reject' | 'cancel' | 'force-cancel' | 'delete';
const ACTIONS: Action[] = ['approve', 'reject', 'cancel', 'force-cancel', 'delete'];

describe(`${MANY} requests at once`, () => {
  let server: TestServer;
  let deployment: DeploymentDriver;
  let marks = 0;
  beforeAll(async () => {
    server = await startTestServer({ STATE_LOCK_TIMEOUT_SECONDS: '10' });
    deployment = await DeploymentDriver.create(server, { 'main.tf': ledgerConfiguration(server.dataDir) });
  });
  afterAll(() => server.stop());

  const request = async (id: string, action: Action): Promise<number> => {
    const path = `${deployment.path}/runs/${id}`;
    const bodies = {
      approve: ['approve', { approved: true }],
      reject: ['approve', { approved: false }],
      cancel: ['cancel', {}],
      'force-cancel': ['cancel', { force: true }],
    } as const;
    if (action === 'delete') return (await server.request('DELETE', path)).status;
    const [verb, body] = bodies[action];
    return (await server.request('POST', `${path}/${verb}`, body)).status;
  };
  const count = (statuses: number[], status: number): number => statuses.filter((one) => one === status).length;
  const applied = (mark: string, dataDir = server.dataDir): number =>
    existsSync(join(dataDir, 'ledger'))
      ? readFileSync(join(dataDir, 'ledger'), 'utf8').split(`${mark}\n`).length - 1
      : 0;
  const audited = async (id: string, action: string): Promise<number> => {
    const { body } = await server.request('GET', `/api/audit?action=${action}&limit=200`);
    return body.filter((entry: { target_id: string }) => entry.target_id === id).length;
  };
  const awaitingApproval = async (): Promise<{ id: string; mark: string }> => {
    const mark = `mark-${(marks += 1)}.`;
    const { id } = await deployment.start({ env_vars: { TF_VAR_mark: mark } });
    return { ...(await deployment.reach(id, 'awaiting_approval')), mark };
  };

  it.each<[Action, number, number]>([
    ['approve', 200, 1],
    ['reject', 200, 0],
    ['cancel', 202, 0],
  ])('%s of a run that waits: one is taken, the others are told so', async (action, taken, ledgerLines) => {
    const run = await awaitingApproval();
    const statuses = await Promise.all(Array.from({ length: MANY }, () => request(run.id, action)));
    expect([count(statuses, taken), count(statuses, 409)]).toEqual([1, MANY - 1]);
    await deployment.reach(run.id, action === 'approve' ? 'success' : 'cancelled');
    expect(applied(run.mark)).toBe(ledgerLines);
    expect(await audited(run.id, `run.${action}`)).toBe(1);
  });

  it('delete of a run that has ended: one deletes it, for the others it is gone', async () => {
    const run = await awaitingApproval();
    await request(run.id, 'reject');
    const statuses = await Promise.all(Array.from({ length: MANY }, () => request(run.id, 'delete')));
    expect([count(statuses, 204), count(statuses, 404)]).toEqual([1, MANY - 1]);
    expect(await audited(run.id, 'run.delete')).toBe(1);
    expect(existsSync(join(server.dataDir, 'work', run.id))).toBe(false);
  });

  it.each([1, 3])(
    'all of them mixed (%i): one decides, the rest follows from it, and nothing is done twice',
    async (turn) => {
      const run = await awaitingApproval();
      // Another one is first each time.
      const actions = Array.from({ length: MANY }, (_none, place) => ACTIONS[(place + turn) % ACTIONS.length]!);
      const statuses = await Promise.all(actions.map((action) => request(run.id, action)));
      const of = (action: Action): number[] => statuses.filter((_status, place) => actions[place] === action);
      expect(statuses.filter((status) => ![200, 202, 204, 404, 409].includes(status))).toEqual([]);
      const approvals = count(of('approve'), 200);
      const rejections = count(of('reject'), 200);
      const cancels = count(of('cancel'), 202) + count(of('force-cancel'), 202);
      const deletions = count(of('delete'), 204);
      expect(approvals + rejections).toBeLessThanOrEqual(1);
      expect(approvals + rejections + cancels).toBeGreaterThanOrEqual(1);
      // Without an approval there is nothing to cancel twice.
      if (approvals === 0) expect(rejections + cancels).toBe(1);
      expect(await audited(run.id, 'run.approve')).toBe(approvals);
      expect(await audited(run.id, 'run.reject')).toBe(rejections);
      expect(await audited(run.id, 'run.cancel')).toBe(cancels);
      expect(await audited(run.id, 'run.delete')).toBe(deletions);
      if (deletions === 0) {
        const ended = await deployment.reach(run.id, 'success', 'cancelled');
        if (approvals === 0) expect(ended.status).toBe('cancelled');
        if (ended.status === 'success') expect(applied(run.mark)).toBe(1);
      } else {
        expect(deletions).toBe(1);
        expect((await server.request('GET', `${deployment.path}/runs/${run.id}`)).status).toBe(404);
      }
      await eventually('nothing works on it', () => processesOf(run.id).length === 0);
      expect(applied(run.mark)).toBeLessThanOrEqual(approvals);
      // A kill may leave the lock to a person.
      await server.request('DELETE', `${deployment.path}/state/lock`);
    },
  );

  it('cancels, gentle and forced, of an apply that will not stop: it is killed once, and nothing is left', async () => {
    const held = await DeploymentDriver.create(server, { 'main.tf': ledgerConfiguration(server.dataDir, true) });
    const { id } = await held.start({ auto_approve: true, env_vars: { TF_VAR_mark: 'held.' } });
    await eventually('the provisioner', async () =>
      (await held.log(id, 'apply')).includes(`numbered ${LINES} of ${LINES}`),
    );
    const cancel = (force: boolean): Promise<number> => held.act(id, 'cancel', { force }).then(({ status }) => status);
    const statuses = await Promise.all(Array.from({ length: MANY }, (_none, place) => cancel(place % 2 === 1)));
    expect(count(statuses, 202)).toBeGreaterThanOrEqual(1);
    expect(count(statuses, 202) + count(statuses, 409)).toBe(MANY);
    const ended = await held.reach(id, 'cancelled');
    expect(ended.error_message).toContain('killed');
    expect(applied('held.')).toBe(1);
    expect(await audited(id, 'run.cancel')).toBe(count(statuses, 202));
    await eventually('nothing works on it', () => processesOf(id).length === 0);
    writeFileSync(join(server.dataDir, 'go'), '');
  });

  it('runs of one path: all are queued, in an order without gaps, and one at a time is at work', async () => {
    const path = await DeploymentDriver.create(server, { 'main.tf': ledgerConfiguration(server.dataDir) });
    const answers = await Promise.all(
      Array.from({ length: MANY }, (_none, place) =>
        server.request('POST', `${path.path}/runs`, { env_vars: { TF_VAR_mark: `many-${place}.` } }),
      ),
    );
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    const all = async (): Promise<RunBody[]> => {
      const pages = [];
      let url: string | null = `${path.path}/runs?limit=100`;
      while (url !== null) {
        const answer = await server.request('GET', url);
        pages.push(...answer.body);
        const next = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
        url = next === undefined ? null : next.replace(server.url, '');
      }
      return pages;
    };
    const waiting = (runs: RunBody[]): RunBody[] => runs.filter(({ status }) => status === 'pending');
    await eventually('the first one', async () => (await all()).some(({ status }) => status === 'awaiting_approval'));
    const runs = await all();
    expect(runs).toHaveLength(MANY);
    expect(waiting(runs)).toHaveLength(MANY - 1);
    const positions = waiting(runs).map(({ queue_position: position }) => position as number);
    expect(positions.sort((a, b) => a - b)).toEqual(Array.from({ length: MANY - 1 }, (_none, place) => place + 1));
    const [next] = waiting(runs).filter(({ queue_position: position }) => position === 1);
    const [first] = runs.filter(({ status }) => status === 'awaiting_approval');
    const cancelled = await Promise.all(
      waiting(runs)
        .filter(({ id }) => id !== next.id)
        .map(({ id }) => path.act(id, 'cancel', {})),
    );
    expect(cancelled.filter(({ status, body }) => status !== 202 || body.status !== 'cancelled')).toEqual([]);
    // The place goes to who was next.
    await path.act(first.id, 'approve', { approved: false });
    await path.reach(next.id, 'awaiting_approval');
    await path.act(next.id, 'cancel', {});
    expect((await all()).every(({ status }) => status === 'cancelled')).toBe(true);
  });

  it('locks and unlocks of one state: each lock is held by one, and given back by who holds it', async () => {
    const state = await DeploymentDriver.create(server, { 'main.tf': '' });
    const authorization = `Basic ${Buffer.from(`x:${ADMIN_KEY}`).toString('base64')}`;
    const ask = async (method: string, id: string): Promise<number> =>
      (
        await fetch(`${server.url}/v1/state/${state.id}`, {
          method,
          headers: { authorization },
          body: JSON.stringify({ ID: id, Operation: 'OperationTypeApply' }),
        })
      ).status;
    let holders = 0;
    let mostHolders = 0;
    let taken = 0;
    const lockAndUnlock = async (place: number): Promise<number> => {
      const status = await ask('LOCK', `lock-${place}`);
      if (status !== 200) return status;
      taken += 1;
      holders += 1;
      mostHolders = Math.max(mostHolders, holders);
      // Whoever does not hold it cannot give it back.
      const foreign = await ask('UNLOCK', `lock-${place + MANY}`);
      holders -= 1;
      const own = await ask('UNLOCK', `lock-${place}`);
      return foreign === 409 && own === 200 ? 200 : foreign * 1000 + own;
    };
    const statuses = await Promise.all(Array.from({ length: MANY }, (_none, place) => lockAndUnlock(place)));
    expect(mostHolders).toBe(1);
    expect([count(statuses, 200), count(statuses, 423)]).toEqual([taken, MANY - taken]);
    expect(taken).toBeGreaterThanOrEqual(1);
    expect((await server.request('GET', `${state.path}/state/lock`)).body).toBeNull();
    // One lock, and 200 who give it back.
    expect(await ask('LOCK', 'one')).toBe(200);
    const unlocks = await Promise.all(Array.from({ length: MANY }, () => ask('UNLOCK', 'one')));
    expect(unlocks.filter((status) => status !== 200 && status !== 409)).toEqual([]);
    expect(count(unlocks, 200)).toBeGreaterThanOrEqual(1);
    expect((await server.request('GET', `${state.path}/state/lock`)).body).toBeNull();
  });
});
