import { writeFileSync } from 'node:fs';
import { Database } from '../../../src/database/database';
import { RunRepository } from '../../../src/deployments/persistence/run.repository';
import { RunScheduler } from '../../../src/deployments/run-scheduler.service';
import { eventually } from '../../support/eventually';
import { DeploymentDriver, RunBody } from '../../support/run-driver';
import { startTestServer, TestServer } from '../../support/test-server';

const ONE = 'resource "terraform_data" "one" {}\n';
const slow = (marker: string): string => `
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "while [ ! -e ${marker} ]; do sleep 0.05; done" }
}
`;
const BUSY = 'busy';

describe('the queue of several teams', () => {
  let server: TestServer;
  let marker: string;
  let busy: DeploymentDriver;
  let rounds = 0;
  beforeAll(async () => {
    server = await startTestServer({ RUNNER_CONCURRENCY: '1' });
    for (const name of ['team-a', 'team-b', 'idle', BUSY]) await server.request('POST', '/api/namespaces', { name });
  });
  afterAll(() => server.stop());

  /** Somebody's apply has the only slot until `letGo`. */
  async function occupy(): Promise<RunBody> {
    marker = `${server.dataDir}/go-${++rounds}`;
    busy = await DeploymentDriver.create(server, { 'main.tf': slow(marker) }, { namespace_id: BUSY });
    return busy.reach((await busy.start({ auto_approve: true })).id, 'applying');
  }
  const letGo = (): void => writeFileSync(marker, '');
  const folders = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}/main.tf`, ONE]));
  const startAll = async (deployment: DeploymentDriver, count: number): Promise<RunBody[]> => {
    const runs = [];
    for (let index = 0; index < count; index++) {
      runs.push(await deployment.start({ path: `f${index}`, operation: 'plan' }));
    }
    return runs;
  };

  it('lets 100 runs of one team not keep another waiting, and says so', async () => {
    await occupy();
    const many = await DeploymentDriver.create(server, folders(100), { namespace_id: 'team-a' });
    const few = await DeploymentDriver.create(server, folders(2), { namespace_id: 'team-b' });
    const ofMany = await startAll(many, 100);
    const [first, second] = await startAll(few, 2);
    expect(await few.get(first.id)).toMatchObject({ queue_position: 2, waiting_for: { reason: 'capacity' } });
    expect((await few.get(second.id)).queue_position).toBe(4);
    expect((await many.get(ofMany[0].id)).queue_position).toBe(1);
    expect((await many.get(ofMany[99].id)).queue_position).toBe(102);

    letGo();
    await few.reach(second.id, 'success');
    const begun = (await server.request('GET', `${many.path}/runs?limit=200`)).body.filter(
      (run: RunBody) => run.status !== 'pending',
    );
    expect(begun.length).toBeLessThanOrEqual(4);
    const answers = await Promise.all(ofMany.map(({ id }) => many.act(id, 'cancel', {})));
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
    await eventually('nothing is at work', () => server.application.app.get(RunScheduler).atWorkCount === 0);
  });

  it('counts an approved run that waits for the slot among those that wait, before the new ones of its team', async () => {
    const team = await DeploymentDriver.create(server, folders(2), { namespace_id: 'team-a' });
    const planned = await team.reach((await team.start({ path: 'f0' })).id, 'awaiting_approval');
    await occupy();
    const fresh = await team.start({ path: 'f1' });
    const behind = await team.start({ path: 'f0' });
    const other = await DeploymentDriver.create(server, folders(1), { namespace_id: 'team-b' });
    const foreign = await other.start({ path: 'f0', operation: 'plan' });
    const approved = await team.act(planned.id, 'approve', { approved: true });
    expect(approved.body).toMatchObject({ status: 'applying', waiting_for: { reason: 'capacity' } });
    const places = await Promise.all([team.get(planned.id), other.get(foreign.id), team.get(fresh.id)]);
    expect(places.map((run) => run.queue_position).sort()).toEqual([1, 2, 3]);
    expect(places[0].queue_position).toBeLessThan(places[2].queue_position);
    expect(await team.get(behind.id)).toMatchObject({
      queue_position: 1,
      waiting_for: { reason: 'earlier_run', run_id: planned.id },
    });
    letGo();
    await team.reach(planned.id, 'success');
    for (const { id } of [fresh, behind]) await team.act(id, 'cancel', {});
    await other.reach(foreign.id, 'success');
  });

  it('says when a run will begin by what earlier ones took, and nothing where it cannot', async () => {
    const team = await DeploymentDriver.create(server, folders(1), { namespace_id: 'team-a' });
    const unknown = await DeploymentDriver.create(server, folders(1), { namespace_id: 'team-b' });
    const done = await team.reach((await team.start({ path: 'f0', operation: 'plan' })).id, 'success');
    expect(done.estimated_start_at).toBeNull();
    await busy.apply();
    const holder = await team.reach((await team.start({ path: 'f0' })).id, 'awaiting_approval');
    expect(holder.estimated_start_at).toBeNull();
    await occupy();
    const waits = await team.start({ path: 'f0', operation: 'plan' });
    const later = await team.start({ path: 'f0', operation: 'plan' });
    const bounded = await team.get(later.id);
    expect(Date.parse((await team.get(waits.id)).estimated_start_at)).toBeGreaterThan(Date.parse(waits.created_at));
    const took = Date.parse(done.completed_at) - Date.parse(done.started_at);
    expect(Date.parse(bounded.estimated_start_at)).toBeGreaterThan(Date.parse(later.created_at) + took / 2);
    const unbounded = await team.start({ path: 'f0' });
    expect(unbounded.waiting_for).toMatchObject({ reason: 'earlier_run' });
    expect(unbounded.estimated_start_at).toBeNull();
    const isNew = await unknown.start({ path: 'f0', operation: 'plan' });
    expect(isNew.waiting_for).toEqual({ reason: 'capacity' });
    expect(isNew.estimated_start_at).toBeNull();
    const listed = (await server.request('GET', '/api/runs?status=pending')).body;
    expect(listed.filter((run: RunBody) => run.estimated_start_at !== null).map((run: RunBody) => run.id)).toEqual([
      later.id,
      waits.id,
    ]);
    letGo();
    for (const run of [waits, later]) await team.reach(run.id, 'success');
    for (const run of [holder, unbounded]) await team.act(run.id, 'cancel', {});
    await unknown.reach(isNew.id, 'success');
  });

  it('200 cancels of an approved run without a slot: one ends it, nothing is applied', async () => {
    const ledger = `${server.dataDir}/ledger-${Date.now()}`;
    const team = await DeploymentDriver.create(server, {
      'main.tf': `resource "terraform_data" "one" {\n  provisioner "local-exec" { command = "echo >> ${ledger}" }\n}\n`,
    });
    const run = await team.reach((await team.start()).id, 'awaiting_approval');
    await occupy();
    const approvals = await Promise.all(
      Array.from({ length: 100 }, () => team.act(run.id, 'approve', { approved: true })),
    );
    expect(approvals.filter(({ status }) => status === 200)).toHaveLength(1);
    const cancels = await Promise.all(Array.from({ length: 200 }, () => team.act(run.id, 'cancel', {})));
    expect(cancels.map(({ status }) => status).filter((status) => status !== 409)).toEqual([202]);
    expect((await team.get(run.id)).status).toBe('cancelled');
    letGo();
    // The slot is free, and nobody who was cancelled takes it.
    await team.reach((await team.start({ operation: 'plan' })).id, 'success');
    expect((await server.request('GET', `${team.path}/runs/${run.id}/executions`)).body).not.toContainEqual(
      expect.objectContaining({ command: 'apply' }),
    );
  });

  it('an approved run that is being cancelled is not begun by what looks for lost runs meanwhile', async () => {
    const team = await DeploymentDriver.create(server, { 'main.tf': ONE });
    const run = await team.reach((await team.start()).id, 'awaiting_approval');
    await occupy();
    await team.act(run.id, 'approve', { approved: true });
    const scheduler = server.application.app.get(RunScheduler);
    let store = (): void => undefined;
    const held = server.application.app
      .get(Database)
      .transaction(() => new Promise<void>((resolve) => (store = resolve)));
    const cancelled = team.act(run.id, 'cancel', {});
    await eventually(
      'the cancel waits for the database',
      async () => (await scheduler.findQueue()).slots.approved.length === 0,
    );
    await scheduler['takeUp']();
    expect((await scheduler.findQueue()).arranged.startable).toEqual([]);
    store();
    await held;
    expect((await cancelled).body.status).toBe('cancelled');
    letGo();
  });

  it('a cancel that finds an approved run in the queue ends it without waiting for a slot', async () => {
    const team = await DeploymentDriver.create(server, { 'main.tf': ONE });
    const run = await team.reach((await team.start()).id, 'awaiting_approval');
    const holder = await occupy();
    await team.act(run.id, 'approve', { approved: true });
    // As `RunActions` does when the approval is announced between its two looks.
    const { RunJournal } = await import('../../../src/deployments/run-journal.service');
    const at = new Date().toISOString();
    await server.application.app
      .get(RunJournal)
      .update({ id: run.id, attempt: 1 }, { cancelRequestedAt: at, cancelledBy: 'somebody' });
    expect(server.application.app.get(RunScheduler).cancel(run.id, false)).toBe(true);
    expect((await team.reach(run.id, 'cancelled')).cancelled_by).toBe('somebody');
    expect((await busy.get(holder.id)).status).toBe('applying');
    letGo();
    await busy.reach(holder.id, 'success');
  });

  it('goes on soon after the database failed while slots were given', async () => {
    const team = await DeploymentDriver.create(server, { 'main.tf': ONE });
    const runs = server.application.app.get(RunRepository);
    const failing = jest.spyOn(runs, 'findQueued').mockRejectedValue(new Error('disk I/O error'));
    const creation = team.start({ operation: 'plan' }).catch(() => undefined);
    await eventually('the scheduler has failed', () => failing.mock.calls.length >= 2);
    failing.mockRestore();
    await creation;
    await eventually(
      'the run has ended',
      async () => (await server.request('GET', `${team.path}/runs`)).body[0]?.status === 'success',
      15_000,
    );
  });

  it('cancels 200 runs of two teams at once, twice each, and leaves nothing behind', async () => {
    await occupy();
    const teams = await Promise.all(
      ['team-a', 'team-b'].map((name) => DeploymentDriver.create(server, { 'main.tf': ONE }, { namespace_id: name })),
    );
    const runs = await Promise.all(
      teams.flatMap((team) =>
        Array.from({ length: 100 }, async () => ({ team, id: (await team.start()).id as string })),
      ),
    );
    const answers = await Promise.all(
      [...runs, ...runs].map(({ team, id }) => team.act(id, 'cancel', {}).then(({ status }) => status)),
    );
    expect(answers.filter((status) => status === 202)).toHaveLength(200);
    expect(answers.filter((status) => status === 409)).toHaveLength(200);
    expect((await server.request('GET', '/api/runs?status=pending')).body).toEqual([]);
    letGo();
    await teams[0]!.reach((await teams[0]!.start({ operation: 'plan' })).id, 'success');
  });
});
