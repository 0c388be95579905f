import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listLiveProcesses, readProcess } from '../../runner/process/process-table';
import type { RunnerRequest } from '../../runner/protocol/runner-protocol';
import { until } from './poll';
import { answerOf, buildRunnerIfStale, type RunningProgram, startProgram, stopPrograms } from './runner-program';

/** `log_file`: what is left standing when parts of it are killed. Needs /proc. */
describe('a call with log_file', () => {
  let directory: string;
  let log: string;
  let go: string;

  beforeAll(buildRunnerIfStale);
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-survival-')));
    log = join(directory, 'log');
    go = join(directory, 'go');
  });
  afterEach(() => {
    stopPrograms();
    for (const entry of membersOfSession()) process.kill(entry.pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const start = (behaviour: string, change: Partial<RunnerRequest> = {}): RunningProgram =>
    startProgram({
      stdin: JSON.stringify({
        ...{ tool: 'terraform', work_dir: directory, command: 'apply', args: [], timeout: 1, log_file: log },
        ...change,
        env_vars: { FAKE_TOOL: behaviour, FAKE_FILE: go, ...change.env_vars },
      }),
    });
  const logText = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  const leader = (): { pid: number; start_time: string } =>
    JSON.parse(readFileSync(`${log}.pid`, 'utf8')) as { pid: number; start_time: string };
  const membersOfSession = (): { pid: number }[] =>
    existsSync(`${log}.pid`) ? listLiveProcesses().filter((entry) => entry.session === leader().pid) : [];
  const isReady = (): Promise<boolean> => until('the tool is ready', () => logText().includes('ready'));

  it('names the leader of the tool’s session so that it can be found again', async () => {
    const program = start('steps');
    await isReady();
    const { pid, start_time: startTime } = leader();
    const entry = readProcess(pid);
    expect(entry).toMatchObject({ pid, group: pid, session: pid, startTime });
    writeFileSync(go, '');
    await program.ended;
  });

  it('runs on to its end when the runner is killed: tool, log and exit status', async () => {
    const program = start('steps', { env_vars: { FAKE_EXIT: '7' } });
    await isReady();
    program.child.kill('SIGKILL');
    expect(await program.ended).toMatchObject({ signal: 'SIGKILL', stdout: '' });
    const before = logText().length;
    await until('the tool prints on', () => logText().length > before);
    writeFileSync(go, '');
    await until('the exit status is recorded', () => existsSync(`${log}.exit`));
    expect(readFileSync(`${log}.exit`, 'utf8')).toBe('7\n');
    expect(logText().endsWith('last step\n')).toBe(true);
    await until('the session is empty', () => membersOfSession().length === 0);
  });

  it('can still be interrupted by its group when the runner is gone, and records that', async () => {
    const program = start('wait');
    await isReady();
    program.child.kill('SIGKILL');
    await program.ended;
    process.kill(-leader().pid, 'SIGINT');
    await until('the exit status is recorded', () => existsSync(`${log}.exit`));
    expect(readFileSync(`${log}.exit`, 'utf8')).toBe('1\n');
    expect(logText()).toBe('ready\ninterrupted\n');
  });

  it('records 137 when the whole group is killed under a living runner', async () => {
    const program = start('steps');
    await isReady();
    process.kill(-leader().pid, 'SIGKILL');
    expect(answerOf(await program.ended)).toMatchObject({
      success: false,
      exit_code: 137,
      signal: 'SIGKILL',
      error_msg: 'terraform apply was killed by SIGKILL',
    });
    expect(readFileSync(`${log}.exit`, 'utf8')).toBe('137\n');
  });

  it('does not stop the tool when only the shell that waits for it is killed', async () => {
    const program = start('steps');
    await isReady();
    process.kill(leader().pid, 'SIGKILL');
    const before = logText().length;
    await until('the tool prints on', () => logText().length > before);
    writeFileSync(go, '');
    expect(answerOf(await program.ended)).toMatchObject({ success: false, exit_code: 137 });
    expect(logText().endsWith('last step\n')).toBe(true);
    expect(readFileSync(`${log}.exit`, 'utf8')).toBe('137\n');
  });

  it('starts no second tool on a log whose first still runs, and clears the traces of one that ended', async () => {
    const first = start('steps');
    await isReady();
    first.child.kill('SIGKILL');
    await first.ended;
    const second = answerOf(await start('print').ended);
    expect(second).toMatchObject({ success: false, exit_code: null });
    expect(second.error_msg).toContain('still runs');
    writeFileSync(go, '');
    await until('the session is empty', () => existsSync(`${log}.exit`) && membersOfSession().length === 0);
    const third = start('wait');
    await until('the third is ready', () => logText().lastIndexOf('ready') > logText().indexOf('last step'));
    expect(existsSync(`${log}.exit`)).toBe(false);
    third.child.kill('SIGTERM');
    expect(answerOf(await third.ended)).toMatchObject({ exit_code: 1, cancelled: true });
  });

  it('starts nothing when the log or the pid cannot be written', async () => {
    const noDirectory = answerOf(await start('print', { log_file: join(directory, 'missing', 'log') }).ended);
    expect(noDirectory).toMatchObject({ success: false, exit_code: null });
    expect(noDirectory.error_msg).toContain('ENOENT');
    // A directory that is not empty is in the place of the pid file's draft.
    mkdirSync(join(`${log}.pid.tmp`, 'x'), { recursive: true });
    const noPid = answerOf(await start('print').ended);
    expect(noPid).toMatchObject({ success: false, exit_code: null });
    expect(noPid.error_msg).toContain('nothing was started');
    expect(logText()).toBe('');
  });
});
