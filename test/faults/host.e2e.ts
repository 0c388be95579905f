import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually';
import { isInstalled } from '../support/installed-programs';
import type { DeploymentDriver, RunBody } from '../support/run-driver';
import { FaultRoom, ledgerConfiguration } from './fault-room';

describe('the host, and who works on it, at the wrong moment', () => {
  let room: FaultRoom;
  let deployment: DeploymentDriver;
  let run: RunBody;
  beforeEach(async () => {
    room = await FaultRoom.open({ RUNNER_CONCURRENCY: '1' });
    deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
    run = await room.startHeldApply(deployment, 'held');
  });
  afterEach(() => room.close());

  const work = (...parts: string[]): string => join(room.dataDir, 'work', ...parts);
  const callFile = (name: string): string => work(run.id, 'calls', '1-apply', name);
  const endsWell = async (): Promise<void> => {
    room.letGo();
    await deployment.reach(run.id, 'success');
    expect(room.applied('held')).toBe(1);
    expect(await room.markInState(deployment)).toBe('held');
    expect(await room.lock(deployment)).toBeNull();
  };
  const nextOneWorks = async (): Promise<void> => {
    await deployment.apply({ env_vars: { TF_VAR_mark: 'next' } });
    expect(room.applied('next')).toBe(1);
  };

  it.each<[string, NodeJS.Signals[], number | null]>([
    ['SIGTERM twice', ['SIGTERM', 'SIGTERM'], 0],
    ['SIGHUP', ['SIGHUP'], null],
  ])('%s to the server: the apply goes on', async (_what, signals, code) => {
    expect(await room.signal(...signals)).toBe(code);
    expect(room.toolOf(run.id)).toBeDefined();
    await room.start();
    await endsWell();
  });

  it('SIGTERM to the runner, that nobody of the platform sent: the run fails, and names no person', async () => {
    process.kill(room.runnerOf(run.id)!, 'SIGTERM');
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.error_message).toMatch(/stopped by a signal from outside the platform/);
    expect(await room.lock(deployment)).toBeNull();
    room.letGo();
    await nextOneWorks();
  });

  it('the reader of the log of the server goes away: the server does not', async () => {
    room.deafen();
    await deployment.start({ operation: 'plan' });
    await endsWell();
    await nextOneWorks();
  });

  it('another program takes the port meanwhile: the start says so, and the next one finds the run', async () => {
    await room.kill();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(Number(new URL(room.url).port), '127.0.0.1', resolve));
    const { child, output } = room.begin();
    await eventually('the end of the start', () => child.exitCode !== null);
    expect([child.exitCode, output()]).toEqual([1, expect.stringContaining('another program listens there')]);
    expect(room.toolOf(run.id)).toBeDefined();
    await new Promise((resolve) => squatter.close(resolve));
    await room.start();
    await endsWell();
  });

  it.each([
    ['call.json', ''],
    ['output.log.pid', ''],
    ['ended.json', '{}'],
  ])('%s holds "%s" after a restart: the tool is followed all the same', async (name, text) => {
    await room.kill();
    writeFileSync(callFile(name), text);
    await room.start();
    // It is taken up at the start: had it been given up, that would be seen by now.
    expect((await deployment.get(run.id)).status).toBe('applying');
    await endsWell();
  });

  (isInstalled('prlimit') ? it : it.skip)(
    'no file can be opened just after a restart: that is no sign that the tool has ended',
    async () => {
      await room.kill();
      await room.start();
      const before = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${room.pid}/limits`, 'utf8'))![1]!;
      const limit = (count: string): unknown =>
        execFileSync('prlimit', ['--pid', String(room.pid), `--nofile=${count}:`]);
      // Fewer than it has open already.
      limit('10');
      // Many looks at the tool long.
      await sleep(1_500);
      limit(before);
      expect((await deployment.get(run.id)).status).toBe('applying');
      await endsWell();
      await nextOneWorks();
    },
  );

  it('the work root is taken away during apply: the run says what is not known, and the next one works', async () => {
    rmSync(work(), { recursive: true });
    room.letGo();
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.error_message).toMatch(/nothing recorded how the tool ended.*is not known/);
    expect(ended.apply_log).toContain('Apply complete!');
    expect(await room.markInState(deployment)).toBe('held');
    await nextOneWorks();
  });

  it('no spare runner can be started: the server stays, and a run that needs one says so', async () => {
    // One for each call, as RUNNER_COMMAND has them: those that serve keep nothing there.
    await room.kill();
    const program = join(process.cwd(), 'dist/runner/iac-runner.js');
    await room.start({ RUNNER_COMMAND: JSON.stringify([process.execPath, program]) });
    rmSync(work('.runners'), { recursive: true });
    writeFileSync(work('.runners'), 'in the way');
    await endsWell();
    const refused = await deployment.start();
    await deployment.reach(refused.id, 'failed');
    rmSync(work('.runners'));
    await nextOneWorks();
  });

  it('a link lies where the directory of a run comes: it goes, and what it leads to stays', async () => {
    const next = await deployment.start({ auto_approve: true, env_vars: { TF_VAR_mark: 'next' } });
    const target = join(room.dataDir, 'somebody-elses');
    mkdirSync(join(target, 'checkout'), { recursive: true });
    writeFileSync(join(target, 'checkout', 'file'), '');
    symlinkSync(target, work(next.id));
    await endsWell();
    await deployment.reach(next.id, 'success');
    expect(readdirSync(target)).toEqual(['checkout']);
    expect(readdirSync(join(target, 'checkout'))).toEqual(['file']);
  });

  it('the database file is replaced: nothing is stored any more, and all goes on once it is back', async () => {
    const file = join(room.dataDir, 'plomada.db');
    renameSync(file, `${file}.away`);
    expect((await fetch(`${room.url}/health/ready`)).status).toBe(503);
    writeFileSync(file, '');
    expect((await fetch(`${room.url}/health/ready`)).status).toBe(503);
    const refused = await room.request('POST', `${deployment.path}/runs`, {});
    expect([refused.status, refused.body.type]).toEqual([503, '/problems/database-unavailable']);
    room.letGo();
    await eventually('the provisioner has ended', () => !room.isHeld(run.id));
    expect((await deployment.get(run.id)).status).toBe('applying');
    renameSync(`${file}.away`, file);
    await endsWell();
    await room.kill();
    await room.start();
    expect(await room.markInState(deployment)).toBe('held');
  });
});
