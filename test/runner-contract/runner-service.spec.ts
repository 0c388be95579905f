import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunsConfig, StorageConfig } from '../../src/config/config';
import type { RunnerCall, RunnerHandle, RunnerResult } from '../../src/runner';
import { startTimeOf } from '../../src/runner/process-identity';
import { RunnerService } from '../../src/runner/runner.service';
import { until } from './poll';
import { buildRunnerIfStale, FAKE_TOOL_ENVIRONMENT, RUNNER_FILE } from './runner-program';

/** The server's side of a call, with the real runner and the fake tool. */
describe('RunnerService', () => {
  let directory: string;
  let workRoot: string;
  let service: RunnerService;

  beforeAll(buildRunnerIfStale);
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-service-')));
    workRoot = join(directory, 'work');
    mkdirSync(join(workRoot, 'checkout'), { recursive: true });
    service = newService();
    service.begin();
  });
  afterEach(() => {
    service.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const newService = ({ command = [process.execPath, RUNNER_FILE], isBundled = true } = {}): RunnerService =>
    new RunnerService(
      new RunsConfig(command, isBundled, null, 1, 1, 1, 1, 1, 1, 1, null),
      new StorageConfig(directory, workRoot, join(directory, 'unused.db')),
      FAKE_TOOL_ENVIRONMENT,
    );
  function callOf(name: string, behaviour: string, change: Partial<RunnerCall['request']>): RunnerCall {
    const folder = join(directory, name);
    mkdirSync(folder);
    return {
      directory: folder,
      request: {
        ...{ tool: 'go', work_dir: join(workRoot, 'checkout'), command: 'build', args: [], timeout: 1 },
        ...{ grace_seconds: 5, env_vars: { FAKE_TOOL: behaviour } },
        ...change,
      },
    };
  }
  const planOf = (name: string, behaviour: string, change: Partial<RunnerCall['request']> = {}): RunnerCall =>
    callOf(name, behaviour, { tool: 'terraform', command: 'plan', ...change });
  /** The process that answers a call. */
  const runnerOf = ({ directory: folder }: RunnerCall): number =>
    (JSON.parse(readFileSync(join(folder, 'call.json'), 'utf8')) as { pid: number }).pid;
  const isReady = ({ logFile }: RunnerHandle): Promise<boolean> =>
    until('the tool is ready', () => existsSync(logFile) && readFileSync(logFile, 'utf8').includes('ready'));
  const isGone = (pid: number): boolean => startTimeOf(pid) === null;
  const LIMITS = { timeoutMinutes: 1, graceSeconds: 5 };
  const answered = (response: object): unknown => ({ kind: 'answered', response: expect.objectContaining(response) });

  it('starts a runner of its own for go, and leaves those that serve to the others', async () => {
    const first = planOf('first', 'print');
    await (
      await service.start(first)
    ).result;
    const buildCall = callOf('build', 'print', {});
    const build = await service.start(buildCall);
    expect(await build.result).toEqual(answered({ success: true, error_msg: '' }));
    expect(readFileSync(build.logFile, 'utf8')).toBe('one\ntwo\nthree\n');
    const second = planOf('second', 'print');
    expect(await (await service.start(second)).result).toEqual(answered({ success: true }));
    expect(runnerOf(second)).toBe(runnerOf(first));
    expect(runnerOf(buildCall)).not.toBe(runnerOf(first));
  });

  it('records, attaches to, cancels and settles a build like every call', async () => {
    const call = callOf('build', 'wait', {});
    const begun = await service.start(call);
    expect(service.isStarted(call.directory)).toBe(true);
    await expect(service.start(call)).rejects.toThrow('attach to it instead');
    await until(
      'go is ready',
      () => existsSync(begun.logFile) && readFileSync(begun.logFile, 'utf8').includes('ready'),
    );

    const next = newService();
    const handle = await next.attach(call.directory, { timeoutMinutes: 1, graceSeconds: 5 });
    handle?.cancel(false);
    const result = (await handle?.result) as RunnerResult;
    expect(result).toEqual(answered({ success: false, cancelled: true, error_msg: 'go build was cancelled' }));
    expect(await begun.result).toEqual(result);

    await next.settle(call.directory, result);
    expect(existsSync(begun.logFile)).toBe(false);
    const settled = await next.attach(call.directory, { timeoutMinutes: 1, graceSeconds: 5 });
    expect(await settled?.result).toEqual(answered({ success: false, cancelled: true, output: '' }));
  });

  it.each([
    ['it was never let go', true, false],
    ['nothing says so', false, true],
  ])(
    'of a runner that died after it started the waiter, the tool may have run unless %s',
    async (_what, isSaid, mayHaveStarted) => {
      const folder = join(directory, 'apply');
      mkdirSync(folder);
      const gone = JSON.stringify({ pid: 2 ** 22, start_time: '1', started_at: new Date().toISOString() });
      for (const name of ['call.json', 'output.log.pid']) writeFileSync(join(folder, name), gone);
      for (const name of ['output.log', 'response.json']) writeFileSync(join(folder, name), '');
      if (isSaid) writeFileSync(join(folder, 'output.log.exit.none'), '');
      const followed = await service.attach(folder, { timeoutMinutes: 1, graceSeconds: 1 });
      expect(await followed!.result).toMatchObject({ kind: 'lost', mayHaveStarted });
    },
  );
  it('asks one process for one call after another, also when the tool fails', async () => {
    const calls = ['one', 'two', 'three'].map((name) =>
      planOf(name, 'print', { env_vars: { FAKE_TOOL: 'print', FAKE_EXIT: '2' } }),
    );
    for (const call of calls) {
      expect(await (await service.start(call)).result).toEqual(answered({ exit_code: 2, output: 'one\ntwo\nthree\n' }));
    }
    expect(new Set(calls.map(runnerOf)).size).toBe(1);
  });

  it.each([
    ['was cancelled', 'wait', {}, true],
    ['took too long', 'wait', { timeout: 0.005 }, false],
    ['was refused', 'print', { work_dir: '/nowhere' }, false],
    ['ended by a signal', 'die', { env_vars: { FAKE_TOOL: 'die', FAKE_SIGNAL: 'SEGV' } }, false],
    ['put out much', 'flood', { max_output_bytes: 4 * 2 ** 20 }, false],
  ])(
    'takes another process after a call that %s, and the first one ends',
    async (_what, behaviour, change, isCancelled) => {
      const odd = planOf('odd', behaviour, change);
      const handle = await service.start(odd);
      if (isCancelled) {
        await isReady(handle);
        handle.cancel(false);
      }
      expect((await handle.result).kind).toBe('answered');
      const next = planOf('next', 'print');
      expect(await (await service.start(next)).result).toEqual(answered({ success: true }));
      expect(runnerOf(next)).not.toBe(runnerOf(odd));
      await until('the first process is gone', () => isGone(runnerOf(odd)));
    },
  );

  it('a cancel that comes too late reaches nobody, whoever follows the call', async () => {
    const first = planOf('first', 'print');
    const begun = await service.start(first);
    await begun.result;
    const second = planOf('second', 'wait');
    const running = await service.start(second);
    await isReady(running);
    expect(runnerOf(second)).toBe(runnerOf(first));

    begun.cancel(true);
    // As the next server does when this one had died before it took the answer in.
    const next = newService();
    const attached = await next.attach(first.directory, LIMITS);
    attached?.cancel(true);
    expect(await attached?.result).toEqual(answered({ success: true, output: 'one\ntwo\nthree\n' }));
    attached?.cancel(true);
    await next.settle(first.directory, (await attached?.result) as RunnerResult);
    begun.cancel(true);
    // Two signals would have killed it. One that is meant for it still interrupts it.
    running.cancel(false);
    expect(await running.result).toEqual(answered({ exit_code: 1, cancelled: true, output: 'ready\ninterrupted\n' }));
  });

  it('a killed process loses no more than its call, whose tool goes on', async () => {
    const earlier = planOf('earlier', 'print');
    await (
      await service.start(earlier)
    ).result;
    const go = join(directory, 'go');
    const struck = planOf('struck', 'steps', { env_vars: { FAKE_TOOL: 'steps', FAKE_FILE: go, FAKE_EXIT: '7' } });
    const handle = await service.start(struck);
    await isReady(handle);
    expect(runnerOf(struck)).toBe(runnerOf(earlier));
    process.kill(runnerOf(struck), 'SIGKILL');
    writeFileSync(go, '');
    expect(await handle.result).toEqual(answered({ exit_code: 7 }));
    expect(readFileSync(handle.logFile, 'utf8')).toContain('last step');

    const next = planOf('next', 'print');
    expect(await (await service.start(next)).result).toEqual(answered({ success: true }));
    // Killed while it waits: the next call does not meet it.
    process.kill(runnerOf(next), 'SIGKILL');
    await until('it is gone', () => isGone(runnerOf(next)));
    expect(await (await service.start(planOf('last', 'print'))).result).toEqual(answered({ success: true }));
  });

  it('a process that dies before it has read its request has certainly begun nothing', async () => {
    const first = planOf('first', 'print');
    await (
      await service.start(first)
    ).result;
    const pid = runnerOf(first);
    process.kill(pid, 'SIGSTOP');
    const call = planOf('call', 'print');
    const handle = await service.start(call);
    expect(runnerOf(call)).toBe(pid);
    process.kill(pid, 'SIGKILL');
    expect(await handle.result).toMatchObject({ kind: 'lost', mayHaveStarted: false });
    expect(existsSync(handle.logFile)).toBe(false);
  });

  it('a process that says what it should not is killed', async () => {
    const liar = join(directory, 'liar.sh');
    writeFileSync(liar, 'read -r request\necho \'{"answered":"/another"}\'\nexec sleep 600\n');
    const other = newService({ command: ['/bin/sh', liar] });
    const call = planOf('call', 'print');
    const handle = await other.start(call);
    expect(await handle.result).toMatchObject({ kind: 'lost', mayHaveStarted: false });
    await until('the liar is gone', () => isGone(runnerOf(call)));
    other.stop();
  });

  it('a server that stops leaves a call to its process, which ends with it', async () => {
    const go = join(directory, 'go');
    const call = planOf('call', 'steps', { env_vars: { FAKE_TOOL: 'steps', FAKE_FILE: go } });
    const idle = planOf('idle', 'print');
    const handle = await service.start(call);
    await (
      await service.start(idle)
    ).result;
    await isReady(handle);
    service.stop();
    await expect(handle.result).rejects.toThrow('The server is stopping.');
    await until('the process that waited is gone', () => isGone(runnerOf(idle)));
    expect(isGone(runnerOf(call))).toBe(false);
    const attached = await newService().attach(call.directory, LIMITS);
    writeFileSync(go, '');
    expect(await attached?.result).toEqual(answered({ success: true, exit_code: 0 }));
    await until('the process is gone', () => isGone(runnerOf(call)));
  });

  it('one that is not the bundled runner is started for each call, and sent one request', async () => {
    const other = newService({ isBundled: false });
    const calls = [planOf('one', 'print'), planOf('two', 'print')];
    for (const call of calls) expect(await (await other.start(call)).result).toEqual(answered({ success: true }));
    expect(runnerOf(calls[0]!)).not.toBe(runnerOf(calls[1]!));
    expect(readFileSync(join(calls[0]!.directory, 'runner.stderr'), 'utf8')).toBe('');
    other.stop();
  });
});
