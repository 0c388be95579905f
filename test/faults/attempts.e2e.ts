import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sqlite3 from 'sqlite3';
import { eventually } from '../support/eventually';
import { FaultRoom, ledgerConfiguration, LINES } from './fault-room';

/** A million small steps while the state is locked. */
const SLOW_PLAN = `
resource "terraform_data" "slow" {
  input = length([for i in range(1000) : i if length([for j in range(1000) : j if j * i == 7]) > 1000])
}
`;

/** Runners that wait for their first request, or work on one: children of the server. */
function runnersOf(serverPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1];
        return Number(parent) === serverPid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('iac-runner');
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** What a process was given to reach the state. */
function stateAccessOf(pid: number): { address: string; authorization: string } {
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const value = (name: string): string => variables.find((line) => line.startsWith(`${name}=`))!.slice(name.length + 1);
  const basic = Buffer.from(`${value('TF_HTTP_USERNAME')}:${value('TF_HTTP_PASSWORD')}`).toString('base64');
  return { address: value('TF_HTTP_ADDRESS'), authorization: `Basic ${basic}` };
}

describe('attempts at a run', () => {
  let room: FaultRoom;
  afterEach(() => room.close());

  it('the credentials of an attempt that was given up reach no state, while the next one works', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(SLOW_PLAN);
    const run = await deployment.start();
    await eventually('the lock', async () => (await room.lock(deployment))?.run_id === run.id);
    const deadTool = room.toolOf(run.id, 'plan')!;
    const dead = stateAccessOf(deadTool);
    const ask = async ({ address, authorization }: typeof dead, method: string): Promise<number> =>
      (
        await fetch(address, {
          method,
          headers: { authorization },
          ...(method === 'GET' ? {} : { body: JSON.stringify({ ID: 'late', Operation: 'OperationTypePlan' }) }),
        })
      ).status;
    // No state yet, but it may look.
    expect(await ask(dead, 'GET')).toBe(204);
    room.killSession(run.id, '1-plan');
    const tool = await eventually('the second attempt at its plan', () => {
      const found = room.toolOf(run.id, 'plan');
      return found !== deadTool && found;
    });
    const living = stateAccessOf(tool);
    await eventually('its lock', async () => (await room.lock(deployment))?.run_id === run.id);
    expect(living.authorization).not.toBe(dead.authorization);
    expect(await ask(living, 'GET')).toBe(204);
    for (const method of ['GET', 'LOCK', 'UNLOCK', 'POST', 'DELETE']) expect(await ask(dead, method)).toBe(401);
    expect((await room.lock(deployment))?.run_id).toBe(run.id);
    await deployment.reach(run.id, 'awaiting_approval');
    for (const method of ['GET', 'LOCK', 'UNLOCK', 'POST', 'DELETE']) expect(await ask(living, method)).toBe(401);
  });

  describe('an apply whose runner dies before it has started the tool', () => {
    let freezing: NodeJS.Timeout | undefined;
    afterEach(() => clearInterval(freezing));

    const signalRunners = (signal: NodeJS.Signals): void => {
      for (const pid of runnersOf(room.pid)) {
        try {
          process.kill(pid, signal);
        } catch {
          // It has ended since it was listed.
        }
      }
    };

    /** Stops all runners where they are, also those to come: none of them reads its request. */
    const freezeRunners = (): void => {
      const freeze = (): void => signalRunners('SIGSTOP');
      freeze();
      freezing = setInterval(freeze, 5);
    };

    const wakeRunners = (): void => {
      clearInterval(freezing);
      signalRunners('SIGCONT');
    };

    /** Starts a run up to its approval, and approves it while no runner works: the apply cannot begin. */
    const approveWithoutRunners = async (mark: string) => {
      const deployment = await room.deploy(ledgerConfiguration(room.dataDir));
      const run = await deployment.start({ env_vars: { TF_VAR_mark: mark } });
      await deployment.reach(run.id, 'awaiting_approval');
      freezeRunners();
      await deployment.act(run.id, 'approve', { approved: true });
      await eventually('the request', () => existsSync(join(room.dataDir, 'work', run.id, 'calls/1-apply/call.json')));
      return { deployment, run };
    };

    it('is begun once more, and applied once', async () => {
      room = await FaultRoom.open();
      const { deployment, run } = await approveWithoutRunners('again');
      expect(room.killRunner(run.id, '1-apply')).toBe(true);
      wakeRunners();
      const ended = await deployment.reach(run.id, 'success');
      expect(room.applied('again')).toBe(1);
      expect(ended.apply_log).toContain('The runner was lost before the apply began; it is begun once more.');
      expect(ended.apply_log).toContain(`numbered ${LINES} of ${LINES}`);
      expect(await room.lock(deployment)).toBeNull();
      const { body: calls } = await deployment.server.request('GET', `${deployment.path}/runs/${run.id}/executions`);
      expect(calls.filter(({ command }: { command: string }) => command === 'apply')).toHaveLength(2);
    });

    it('is begun once more by the next server, too', async () => {
      room = await FaultRoom.open();
      const { deployment, run } = await approveWithoutRunners('next');
      await room.kill();
      room.killRunner(run.id, '1-apply');
      clearInterval(freezing);
      await room.start();
      await deployment.reach(run.id, 'success');
      expect(room.applied('next')).toBe(1);
    });

    it('fails when the second one dies as well, says that nothing was applied, and leaves no lock', async () => {
      room = await FaultRoom.open();
      const { deployment, run } = await approveWithoutRunners('twice');
      expect(room.killRunner(run.id, '1-apply')).toBe(true);
      await eventually('the second request', () =>
        existsSync(join(room.dataDir, 'work', run.id, 'calls/2-apply/call.json')),
      );
      expect(room.killRunner(run.id, '2-apply')).toBe(true);
      const ended = await deployment.reach(run.id, 'failed');
      expect(ended.error_message).toMatch(/Nothing was applied \(runner_lost\): start a new run\.$/);
      expect(room.applied('twice')).toBe(0);
      expect(await room.lock(deployment)).toBeNull();
    });

    it('is not begun once more when somebody has cancelled it', async () => {
      room = await FaultRoom.open();
      const { deployment, run } = await approveWithoutRunners('cancelled');
      expect((await deployment.act(run.id, 'cancel', {})).status).toBe(202);
      room.killRunner(run.id, '1-apply');
      const ended = await deployment.reach(run.id, 'cancelled');
      expect(ended.error_message).toContain('before the apply had begun; nothing was applied.');
      expect(room.applied('cancelled')).toBe(0);
    });
  });

  it('the log of a second attempt is whole, also when the server is killed in the middle of it', async () => {
    room = await FaultRoom.open();
    const many = `resource "terraform_data" "many" {\n  count = 300\n}\n`;
    const deployment = await room.deploy(many);
    await deployment.apply();
    await deployment.repository.commit({ 'main.tf': many + SLOW_PLAN });
    const run = await deployment.start();
    const refreshed = async (): Promise<number> =>
      (await deployment.log(run.id, 'plan', '?color=false')).split(': Refreshing state...').length - 1;
    await eventually('the log of the first attempt', async () => (await refreshed()) >= 300);
    const first = await refreshed();
    room.killSession(run.id, '1-plan');
    await eventually('the second attempt', () =>
      existsSync(join(room.dataDir, 'work', run.id, 'calls/2-plan/call.json')),
    );
    await room.kill();
    await room.start();
    await deployment.reach(run.id, 'awaiting_approval');
    expect(await refreshed()).toBe(first + 300);
  });

  it('an apply is not begun once more after the machine was started anew, though nothing of it reached the disk', async () => {
    room = await FaultRoom.open();
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true), { state_backend: 'none' });
    const run = await room.startHeldApply(deployment, 'rebooted');
    await room.kill();
    room.killSession(run.id, '1-apply');
    // What a power cut leaves: the database is durable, the files of the call were in the kernel's caches.
    rmSync(join(room.dataDir, 'work', run.id, 'calls/1-apply'), { recursive: true });
    const database = new sqlite3.Database(join(room.dataDir, 'plomada.db'));
    await new Promise<void>((resolve, reject) =>
      database.run(`UPDATE executions SET boot_id = 'another'`, (error) => (error ? reject(error) : resolve())),
    );
    await new Promise((resolve) => database.close(resolve));
    await room.start();
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.error_message).toMatch(/^The machine was started anew.*\(runner_lost\)/);
    expect(room.applied('rebooted')).toBe(1);
  });

  it('an apply that may have begun is not begun once more with a runner that notes down nothing', async () => {
    // Stands for a runner elsewhere: it knows no log_file, and dies in the middle.
    const runner = join(mkdtempSync(join(tmpdir(), 'plomada-runner-')), 'foreign-runner.sh');
    writeFileSync(
      runner,
      `#!/bin/sh
request=$(cat)
case "$request" in
  *'"command":"apply"'*) echo begun >> "$0.began"; kill -9 $$ ;;
  *) printf '%s' "$request" | exec "${process.execPath}" "${join(process.cwd(), 'dist/runner/iac-runner.js')}" ;;
esac
`,
      { mode: 0o755 },
    );
    room = await FaultRoom.open({ RUNNER_COMMAND: runner });
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir));
    const run = await deployment.start({ auto_approve: true });
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.error_message).toContain('Whether and how far the plan was applied is not known (runner_lost)');
    expect(readFileSync(`${runner}.began`, 'utf8')).toBe('begun\n');
    rmSync(dirname(runner), { recursive: true });
  });
});
