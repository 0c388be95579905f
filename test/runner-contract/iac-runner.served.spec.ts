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
import { parseRunnerResponse } from '../../runner/protocol/parse-response';
import type { RunnerRequest, RunnerResponse } from '../../runner/protocol/runner-protocol';
import { until } from './poll';
import { answerOf, buildRunnerIfStale, startProgram } from './runner-program';
import { ServedProgram } from './served-program';

/** Loaded into the runner before its own code: throws where nobody catches, once a file has appeared. */
const CRASH_INSIDE = `
const wait = setInterval(() => {
  if (!require('node:fs').existsSync(process.env.CRASH_WHEN)) return;
  clearInterval(wait);
  throw new Error('a fault for the test');
}, 20);`;

/** What a runner that serves does between calls, and when parts of it are killed. Needs /proc. */
describe('iac-runner --serve', () => {
  let directory: string;
  let log: string;
  let go: string;
  let programs: ServedProgram[];

  beforeAll(buildRunnerIfStale);
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-serve-')));
    log = join(directory, 'log');
    go = join(directory, 'go');
    programs = [];
  });
  afterEach(async () => {
    writeFileSync(go, '');
    for (const program of programs) await program.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const serve = (options: ConstructorParameters<typeof ServedProgram>[0] = {}): ServedProgram => {
    const program = new ServedProgram(options);
    programs.push(program);
    return program;
  };
  const request = (behaviour: string, change: Partial<RunnerRequest> = {}): RunnerRequest => ({
    ...{ tool: 'terraform', work_dir: directory, command: 'plan', args: [], timeout: 1, log_file: log },
    ...change,
    env_vars: { FAKE_TOOL: behaviour, FAKE_FILE: go, ...change.env_vars },
  });
  const answer = (file: string): RunnerResponse => parseRunnerResponse(readFileSync(file, 'utf8'));
  const isReady = (): Promise<boolean> =>
    until('the tool is ready', () => existsSync(log) && readFileSync(log, 'utf8').includes('ready'));
  const crashing = (): ServedProgram => {
    writeFileSync(join(directory, 'crash.cjs'), CRASH_INSIDE);
    return serve({
      nodeArgs: ['--require', join(directory, 'crash.cjs')],
      env: { CRASH_WHEN: join(directory, 'crash') },
    });
  };
  const crash = (): void => writeFileSync(join(directory, 'crash'), '');
  /** Sends a request and ends stdin, so that the process ends after it. */
  const last = async (program: ServedProgram, line: string): Promise<{ status: number | null }> => {
    program.child.stdin?.end(line);
    return program.ended;
  };

  it('keeps nothing of a call: no variable, folder, mask, open file or child', async () => {
    const program = serve();
    const { pid } = program.child;
    const state = (): unknown => ({
      folder: realpathSync(`/proc/${pid}/cwd`),
      mask: /Umask:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1],
      files: readdirSync(`/proc/${pid}/fd`).length,
      children: readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim(),
      caught: /SigCgt:\s+(\S+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1],
    });
    const ways = [{}, { log_file: undefined }, { log_file: undefined, tty: false }];
    const round = async (): Promise<void> => {
      for (const way of ways) {
        const failing = await program.call(request('print', { ...way, env_vars: { FAKE_EXIT: '3' } }));
        expect(failing).toMatchObject({ isReady: true, response: { exit_code: 3 } });
        expect((await program.call(request('daemon', way))).response.success).toBe(true);
        expect((await program.call(request('wait', { ...way, timeout: 0.002 }))).response.timed_out).toBe(true);
        expect((await program.call(request('print', { ...way, work_dir: '/nowhere' }))).response.exit_code).toBeNull();
      }
    };
    // The first round loads what is loaded late, such as the PTY.
    await round();
    const before = state();
    await round();
    expect(state()).toEqual(before);

    const secret = { TF_VAR_secret: 'of-the-first', 'TF_TOKEN_a.example:1': 'of-the-first' };
    expect((await program.call(request('env', { env_vars: secret }))).response.output).toContain('of-the-first');
    expect((await program.call(request('env'))).response.output).not.toContain('of-the-first');
  });

  it('works on one call at a time', async () => {
    const program = serve();
    const [first, second] = [program.newResponseFile(), program.newResponseFile()];
    program.send(request('steps'), first);
    program.send(request('print', { log_file: join(directory, 'second') }), second);
    await isReady();
    expect(existsSync(join(directory, 'second'))).toBe(false);
    writeFileSync(go, '');
    await until('the second answer', () => program.hasAnswer(second));
    expect(Date.parse(answer(second).started_at)).toBeGreaterThanOrEqual(Date.parse(answer(first).ended_at));
  });

  describe('the end of stdin', () => {
    it('ends it when it waits', async () => {
      expect(await last(serve(), '')).toMatchObject({ status: 0 });
    });

    it('ends it after the call it is at', async () => {
      const program = serve();
      const file = program.newResponseFile();
      program.send(request('steps'), file);
      await isReady();
      program.child.stdin?.end();
      // Nobody hears that it is ready, either.
      program.child.stdout?.destroy();
      writeFileSync(go, '');
      expect(await program.ended).toMatchObject({ status: 0, signal: null });
      expect(answer(file).success).toBe(true);
    });

    it('makes half a request none', async () => {
      const program = serve();
      const file = program.newResponseFile();
      const line = JSON.stringify({ response_file: file, request: request('print') });
      expect(await last(program, line)).toMatchObject({ status: 0 });
      expect(existsSync(log) || existsSync(file)).toBe(false);
    });
  });

  describe('signals', () => {
    it.each(['SIGINT', 'SIGTERM'] as const)('%s ends it when it waits', async (signal) => {
      const program = serve();
      await program.call(request('print'));
      program.child.kill(signal);
      expect(await program.ended).toMatchObject({ status: 0, signal: null });
    });

    it('do not carry a cancel over to the next call', async () => {
      const program = serve();
      const file = program.newResponseFile();
      program.send(request('wait'), file);
      await isReady();
      program.child.kill('SIGINT');
      await until('the answer', () => program.hasAnswer(file));
      expect(answer(file)).toMatchObject({ cancelled: true, exit_code: 1 });
      const next = program.newResponseFile();
      program.send(request('print'), next);
      await until('the next answer', () => program.hasAnswer(next));
      expect(answer(next)).toMatchObject({ success: true, error_msg: '' });
      expect(answer(next).cancelled).toBeUndefined();
    });

    it('SIGKILL loses the call alone: its tool goes on and how it ended is recorded', async () => {
      const program = serve();
      await program.call(request('print', { log_file: join(directory, 'earlier') }));
      const file = program.newResponseFile();
      program.send(request('steps', { env_vars: { FAKE_EXIT: '7' } }), file);
      await isReady();
      program.child.kill('SIGKILL');
      await program.ended;
      writeFileSync(go, '');
      await until('the exit status is recorded', () => existsSync(`${log}.exit`));
      expect(readFileSync(`${log}.exit`, 'utf8')).toBe('7\n');
      expect(program.hasAnswer(file)).toBe(false);
    });
  });

  describe('what is not as it should be', () => {
    it.each([
      ['no JSON', 'hello\n'],
      ['no place for the answer', `${JSON.stringify({ request: { tool: 'terraform' } })}\n`],
      ['a relative place', `${JSON.stringify({ response_file: 'here', request: {} })}\n`],
      ['no request', `${JSON.stringify({ response_file: '/tmp/never' })}\n`],
    ])('%s: it ends with 1 and starts nothing', async (_what, line) => {
      const program = serve();
      program.child.stdin?.write(line);
      expect(await program.ended).toMatchObject({ status: 1, signal: null });
      expect(program.stderr).toBe('');
    });

    it('an answer that cannot be written: it ends with 1, and how the tool ended is recorded', async () => {
      const program = serve();
      const file = join(directory, 'taken');
      mkdirSync(join(`${file}.tmp`, 'x'), { recursive: true });
      program.send(request('print', { env_vars: { FAKE_EXIT: '4' } }), file);
      expect(await program.ended).toMatchObject({ status: 1 });
      expect(readFileSync(`${log}.exit`, 'utf8')).toBe('4\n');
    });

    it('a fault inside, at a call: the tool is stopped, the answer says so, and no other call is taken', async () => {
      const program = crashing();
      const file = program.newResponseFile();
      program.send(request('wait'), file);
      await isReady();
      crash();
      expect(await program.ended).toMatchObject({ status: 1 });
      expect(answer(file)).toMatchObject({
        exit_code: 1,
        error_msg: 'iac-runner failed inside: a fault for the test',
      });
      expect(readFileSync(log, 'utf8')).toContain('interrupted');
    });

    it('a fault inside, while it waits', async () => {
      const program = crashing();
      await program.call(request('print'));
      crash();
      expect(await program.ended).toMatchObject({ status: 1 });
      expect(program.stderr).toBe('');
    });

    it('other options beside --serve', async () => {
      for (const args of [
        ['--serve', '--stream'],
        ['--tools', 'go', '--serve'],
      ]) {
        const end = await startProgram({ args, stdin: '' }).ended;
        expect(answerOf(end).error_msg).toBe('--serve goes with no other option');
      }
    });
  });
});
