import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import type { DeploymentDriver } from '../support/run-driver';
import { FaultRoom, ledgerConfiguration } from './fault-room';
import { ShiftedClock } from './shifted-clock';

const HOUR = 3_600_000;

/** Unlike `clock.e2e.ts`, with every clock of the server, also those that are no part of what Nest puts together. */
describe('the clock of the server is set', () => {
  let folder: string;
  let clock: ShiftedClock;
  let room: FaultRoom;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plomada-clock-'));
    clock = new ShiftedClock(folder);
    room = await FaultRoom.open(clock.environment);
  });
  afterEach(async () => {
    await room.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Waits until the server works with the time that was set. */
  const serverSees = (deployment: DeploymentDriver, ms: number): Promise<unknown> =>
    eventually('the server sees it', async () => {
      const key = { name: 'what time is it', permissions: 'read' };
      const { body } = await deployment.server.request('POST', '/api/namespaces/default/api-keys', key);
      return Math.abs(Date.parse(body.created_at) - Date.now() - ms) < 60_000;
    });

  it.each(['', 'the runner is lost; ', 'the server is started again; '])(
    '%s25 hours forward during apply: nothing times out',
    async (before) => {
      const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
      const run = await room.startHeldApply(deployment, 'forward');
      if (before.includes('runner')) room.killRunner(run.id, '1-apply');
      clock.set(25 * HOUR);
      if (before.includes('server')) {
        await room.kill();
        await room.start();
      }
      await serverSees(deployment, 25 * HOUR);
      expect((await deployment.get(run.id)).status).toBe('applying');
      room.letGo();
      await deployment.reach(run.id, 'success');
      expect(room.applied('forward')).toBe(1);
      expect(await room.markInState(deployment)).toBe('forward');
    },
  );

  it('a day back while a run awaits approval: it is applied, its times are in order, and a sweep takes nothing', async () => {
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir));
    const run = await deployment.start({ env_vars: { TF_VAR_mark: 'back' } });
    await deployment.reach(run.id, 'awaiting_approval');
    clock.set(-24 * HOUR);
    await serverSees(deployment, -24 * HOUR);
    expect((await deployment.server.request('POST', '/api/maintenance/sweep', {})).body).toMatchObject({
      removed: [],
      expired_approvals: [],
    });
    expect((await deployment.act(run.id, 'approve', { approved: true })).status).toBe(200);
    const ended = await deployment.reach(run.id, 'success');
    expect(ended.completed_at >= ended.started_at).toBe(true);
    expect(ended.started_at >= ended.created_at).toBe(true);
    // Who comes later is served later, whatever the clock says.
    const next = await deployment.apply({ env_vars: { TF_VAR_mark: 'next' } });
    expect((await room.versions(deployment)).map(({ run_id }) => run_id)).toEqual([next.id, run.id]);
  });

  it('25 hours forward while a run awaits approval: it expires, says so, and gives its place to the next', async () => {
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir));
    const run = await deployment.start({ env_vars: { TF_VAR_mark: 'expired' } });
    await deployment.reach(run.id, 'awaiting_approval');
    clock.set(25 * HOUR);
    await serverSees(deployment, 25 * HOUR);
    await deployment.server.request('POST', '/api/maintenance/sweep', {});
    const ended = await deployment.reach(run.id, 'cancelled');
    expect(ended.error_message).toMatch(/expired/);
    expect((await deployment.act(run.id, 'approve', { approved: true })).status).toBe(409);
    await deployment.apply({ env_vars: { TF_VAR_mark: 'next' } });
    expect(room.applied('expired')).toBe(0);
  });
});
