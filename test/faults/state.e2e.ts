import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { FaultRoom, ledgerConfiguration } from './fault-room';
import { StrangeTool } from './strange-tool';

describe('managed state, when things die', () => {
  let room: FaultRoom;
  afterEach(() => room.close());

  it('SIGKILL of terraform during apply: the lock stays, the run says so, and after an admin broke it the next run goes', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
    const run = await room.startHeldApply(deployment, 'killed');
    process.kill(room.toolOf(run.id)!, 'SIGKILL');
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.error_message).toMatch(/still locked by this run.*an admin may break the lock/);
    expect(await room.lock(deployment)).toMatchObject({ run_id: run.id, operation: 'apply' });
    await room.nothingIsLeft(run.id);
    // Over a restart too.
    await room.kill();
    await room.start();
    expect(await room.lock(deployment)).toMatchObject({ run_id: run.id });
    room.letGo();
    const next = { auto_approve: true, env_vars: { TF_VAR_mark: 'next' } };
    const blocked = await deployment.start(next);
    await deployment.reach(blocked.id, 'failed');
    const log = (await deployment.log(blocked.id, 'plan', '?color=false')).replace(/[\s│]+/g, ' ');
    expect(log).toContain(`run ${run.id.slice(0, 8)} (apply by`);
    expect((await room.breakLock(deployment)).status).toBe(204);
    await deployment.reach((await deployment.start(next)).id, 'success');
    expect(await room.markInState(deployment)).toBe('next');
    expect(room.applied('killed')).toBe(1);
    expect(room.applied('next')).toBe(1);
    expect(await room.lock(deployment)).toBeNull();
  });

  it('cancel during apply: the lock is given back, and what was made is in the state', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
    const run = await room.startHeldApply(deployment, 'cancelled');
    await deployment.act(run.id, 'cancel', {});
    await deployment.reach(run.id, 'cancelled');
    expect(await room.lock(deployment)).toBeNull();
    const [newest] = await room.versions(deployment);
    expect(newest?.run_id).toBe(run.id);
    const { body } = await deployment.server.request(
      'GET',
      `${deployment.path}/state/versions/${newest?.id}?download=true`,
    );
    expect(body.resources.map(({ name }: { name: string }) => name)).toContain('first');
    room.letGo();
    const next = await deployment.apply({ env_vars: { TF_VAR_mark: 'next' } });
    expect(next.plan_summary.add).toBe(1);
  });

  it('the server is away while the apply ends: the tool waits for it, and no version is missing', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
    const run = await room.startHeldApply(deployment, 'away');
    const before = await room.versions(deployment);
    await room.kill();
    room.letGo();
    // Long enough for the tool to meet a server that is not there.
    await eventually('the provisioner has ended', () => !room.isHeld(run.id));
    await room.start();
    await deployment.reach(run.id, 'success');
    expect(await room.markInState(deployment)).toBe('away');
    expect(await room.lock(deployment)).toBeNull();
    const after = await room.versions(deployment);
    expect(after.slice(after.length - before.length)).toEqual(before);
    expect(room.applied('away')).toBe(1);
  });

  it('the server is away for longer than init waits for it: the run is begun once more', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir));
    const run = await deployment.start({ auto_approve: true, env_vars: { TF_VAR_mark: 'again' } });
    const output = join(room.dataDir, 'work', run.id, 'calls', '1-init', 'output.log');
    while (!existsSync(`${output}.pid`)) await new Promise((resolve) => setImmediate(resolve));
    await room.kill();
    await eventually('init has given up', () => existsSync(`${output}.exit`));
    expect(readFileSync(`${output}.exit`, 'utf8')).toBe('1\n');
    await room.start();
    const ended = await deployment.reach(run.id, 'success');
    expect(ended.init_log).toContain('begun once more');
    expect(room.applied('again')).toBe(1);
  });

  it('a state that is too large for the server is taken from errored.tfstate, and nothing is made twice', async () => {
    room = await FaultRoom.open({ STATE_MAX_BYTES: '20000' });
    const deployment = await room.deploy(`
      resource "terraform_data" "large" { input = join("", [for i in range(1000) : "012345678901234567890123456789"]) }
    `);
    const run = await deployment.start({ auto_approve: true });
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.apply_log).toContain('errored.tfstate; the platform stored it as the state');
    expect(await room.lock(deployment)).toBeNull();
    const again = await deployment.reach((await deployment.start()).id, 'success');
    expect(again.plan_summary.has_changes).toBe(false);
  });

  it('the server is away for longer than the tool tries: errored.tfstate is taken in by the next start', async () => {
    room = await FaultRoom.open();
    // The real tool, which gives up after some seconds instead of minutes.
    const impatient = join(room.dataDir, 'impatient');
    mkdirSync(impatient);
    const real = execFileSync('which', ['terraform'], { encoding: 'utf8' }).trim();
    const script = `#!/bin/sh\nexport TF_HTTP_RETRY_MAX=1\nexec ${real} "$@"\n`;
    writeFileSync(join(impatient, 'terraform'), script, { mode: 0o755 });
    await room.kill();
    await room.start({ PATH: `${impatient}:${process.env.PATH}` });
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
    const run = await room.startHeldApply(deployment, 'errored');
    await room.kill();
    room.letGo();
    const directory = join(room.dataDir, 'work', run.id);
    const exit = join(directory, 'calls', '1-apply', 'output.log.exit');
    await eventually('the tool has given up', () => existsSync(exit));
    expect(readFileSync(exit, 'utf8')).toBe('1\n');
    expect(existsSync(join(directory, 'checkout', 'errored.tfstate'))).toBe(true);
    await room.start();
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.exit_code).toBe(1);
    expect(ended.apply_log).toContain('errored.tfstate; the platform stored it as the state');
    expect(existsSync(join(directory, 'checkout', 'errored.tfstate'))).toBe(false);
    expect((await room.versions(deployment))[0]?.run_id).toBe(run.id);
    expect(await room.markInState(deployment)).toBe('errored');
    expect(await room.lock(deployment)).toBeNull();
    const again = await deployment.start({ operation: 'plan', env_vars: { TF_VAR_mark: 'errored' } });
    expect((await deployment.reach(again.id, 'success')).plan_summary.has_changes).toBe(false);
    expect(room.applied('errored')).toBe(1);
  });

  it.each([
    ['is killed', false],
    ['and the runner are killed', true],
  ])(
    'the server %s while it cancels an apply: the tool is not interrupted twice, saves, and gives the lock back',
    async (_what, withRunner) => {
      room = await FaultRoom.open({ CANCEL_GRACE_SECONDS: '30' });
      const deployment = await room.deploy(`
      resource "terraform_data" "first" { input = "made" }
      resource "terraform_data" "slow" {
        input = terraform_data.first.output
        provisioner "local-exec" { command = "trap '' INT TERM; echo at work; while [ ! -e ${room.dataDir}/go ]; do sleep 0.05; done" }
      }
    `);
      const run = await deployment.start({ auto_approve: true });
      await eventually('the apply', async () => (await deployment.log(run.id, 'apply')).includes('at work'));
      expect((await deployment.act(run.id, 'cancel', {})).status).toBe(202);
      await eventually('the tool knows', async () => (await deployment.log(run.id, 'apply')).includes('Gracefully'));
      await room.kill();
      if (withRunner) room.killRunner(run.id, '1-apply');
      await room.start();
      await eventually('it is taken up', () => room.printed.includes('run_resumed'));
      expect((await deployment.get(run.id)).status).toBe('applying');
      room.letGo();
      const ended = await deployment.reach(run.id, 'cancelled', 'success');
      expect(ended.apply_log).not.toContain('Two interrupts');
      expect(ended.exit_code).not.toBe(137);
      expect(await room.lock(deployment)).toBeNull();
      const [newest] = await room.versions(deployment);
      const state = await room.request('GET', `${deployment.path}/state/versions/${newest?.id}?download=true`);
      expect(JSON.stringify(state.body)).toContain('made');
    },
  );

  it('the server is killed while it cancels a plan: the next one waits for the end of the tool, and has its log', async () => {
    const tool = new StrangeTool({
      'plan stubborn': `trap '' INT TERM; echo stubborn; while [ ! -e "$TF_VAR_go" ]; do sleep 0.05; done; echo at last`,
    });
    room = await FaultRoom.open({ CANCEL_GRACE_SECONDS: '30', ...tool.environment });
    try {
      const go = join(room.dataDir, 'go');
      const deployment = await room.deploy('variable "how" {}\nvariable "go" {}\n');
      const run = await deployment.start({ env_vars: { TF_VAR_how: 'stubborn', TF_VAR_go: go } });
      await eventually('the tool', async () => (await deployment.log(run.id, 'plan')).includes('stubborn'));
      expect((await deployment.act(run.id, 'cancel', {})).status).toBe(202);
      await room.kill();
      await room.start();
      // The next run of the path begins when this one has ended: that is not before its tool has.
      const next = await deployment.start({ env_vars: { TF_VAR_how: '', TF_VAR_go: '' } });
      await eventually('the start is over', async () => (await deployment.get(next.id)).status === 'pending');
      expect((await deployment.get(run.id)).status).toBe('planning');
      room.letGo();
      await deployment.reach(run.id, 'cancelled', 'success');
      await room.nothingIsLeft(run.id);
      expect(await deployment.log(run.id, 'plan')).toContain('at last');
      await deployment.reach(next.id, 'success');
    } finally {
      tool.forget();
    }
  });

  it('SIGKILL of terraform during plan: the run fails, and gives the lock back', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(SLOW_PLAN);
    const run = await deployment.start();
    await eventually('the lock', async () => (await room.lock(deployment))?.run_id === run.id);
    process.kill(room.toolOf(run.id, 'plan')!, 'SIGKILL');
    await deployment.reach(run.id, 'failed');
    expect(await room.lock(deployment)).toBeNull();
  });

  it('the runner and its plan are lost: the second attempt is not held up by the lock of the first', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(SLOW_PLAN);
    const run = await deployment.start();
    await eventually('the lock', async () => (await room.lock(deployment))?.run_id === run.id);
    room.killSession(run.id, '1-plan');
    const again = await deployment.reach(run.id, 'awaiting_approval');
    expect(again.plan_log).toContain('begun once more');
    expect(await room.lock(deployment)).toBeNull();
  });
});

/** A million small steps while the state is locked. */
const SLOW_PLAN = `
resource "terraform_data" "slow" {
  input = length([for i in range(1000) : i if length([for j in range(1000) : j if j * i == 7]) > 1000])
}
`;
