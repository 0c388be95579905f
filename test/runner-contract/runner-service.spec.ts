import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunsConfig, StorageConfig } from '../../src/config/config';
import type { RunnerCall, RunnerResult } from '../../src/runner';
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

  const newService = (): RunnerService =>
    new RunnerService(
      new RunsConfig([process.execPath, RUNNER_FILE], true, null, 1, 1, 1, 1, 1, 1, 1, null),
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
  const spares = (): string[] => readdirSync(join(workRoot, '.runners')).sort();
  const answered = (response: object): unknown => ({ kind: 'answered', response: expect.objectContaining(response) });

  it('starts a runner of its own for go, and leaves the spare ones to the others', async () => {
    const before = spares();
    expect(before).toHaveLength(1);
    const build = await service.start(callOf('build', 'print', {}));
    expect(spares()).toEqual(expect.arrayContaining(before));
    expect(await build.result).toEqual(answered({ success: true, error_msg: '' }));
    expect(readFileSync(build.logFile, 'utf8')).toBe('one\ntwo\nthree\n');

    const plan = await service.start(callOf('plan', 'print', { tool: 'terraform', command: 'plan' }));
    expect(spares()).not.toEqual(expect.arrayContaining(before));
    expect(await plan.result).toEqual(answered({ success: true }));
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
});
