import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunnerRequest, RunnerResponse } from '../../runner/protocol/runner-protocol';
import { until } from './poll';
import { answerOf, buildRunnerIfStale, type RunningProgram, startProgram, stopPrograms } from './runner-program';

/** What is different with go, as its caller sees it. The tool is `fake-tool/go`. */
describe('iac-runner --tools go', () => {
  let directory: string;

  beforeAll(buildRunnerIfStale);
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-go-')));
  });
  afterEach(() => {
    stopPrograms();
    rmSync(directory, { recursive: true, force: true });
  });

  const stdin = (behaviour: string, change: Partial<RunnerRequest> = {}): string =>
    JSON.stringify({
      ...{ tool: 'go', work_dir: directory, command: 'build', args: [], timeout: 1, tty: false },
      ...change,
      env_vars: { FAKE_TOOL: behaviour, ...change.env_vars },
    });
  const start = (behaviour: string, change: Partial<RunnerRequest> = {}): RunningProgram =>
    startProgram({ args: ['--tools', 'go'], stdin: stdin(behaviour, change) });
  const call = async (behaviour: string, change: Partial<RunnerRequest> = {}): Promise<RunnerResponse> =>
    answerOf(await start(behaviour, change).ended);

  it.each(['build', 'version', 'mod'] as const)('runs go %s with its arguments one by one', async (command) => {
    const args = ['-trimpath', '-ldflags', '-s -w -X main.version=1.2.3', '-o', '/out/$(id)', './a b'];
    const response = await call('args', { command, args });
    expect(response).toMatchObject({ success: true, exit_code: 0, error_msg: '' });
    expect(response.output.split('\n')).toEqual([command, ...args].map((arg) => `<${arg}>`).concat(''));
  });

  it('gives go a small environment that is the same on every call', async () => {
    const program = startProgram({
      args: ['--tools', 'go'],
      env: { HOME: '/h', GOROOT: '/x', GOFLAGS: '-toolexec=x', GOTOOLCHAIN: 'go9.9.9', CC: '/x', TF_INPUT: '1' },
      stdin: stdin('env', { env_vars: { GOOS: 'darwin', GOCACHE: '/c' } }),
    });
    const lines = answerOf(await program.ended).output.split('\n');
    const named = lines.filter((line) => /^(GO|CGO|TF_|CC|CHECKPOINT|HOME)/.test(line)).sort();
    expect(named).toEqual([
      ...['CGO_ENABLED=0', 'GOCACHE=/c', 'GOENV=off', 'GOFLAGS=', 'GOOS=darwin', 'GOTELEMETRY=off'],
      ...['GOTOOLCHAIN=local', 'GOWORK=off', 'HOME=/h'],
    ]);
  });

  it('may stream as well', async () => {
    const end = await startProgram({ args: ['--stream', '--tools', 'go'], stdin: stdin('print') }).ended;
    expect(answerOf(end).output).toBe('one\ntwo\nthree\n');
    expect(end.stderr).toBe('one\ntwo\nthree\n');
  });

  it('still runs terraform, with the environment of terraform', async () => {
    const response = await call('env', { tool: 'terraform', command: 'plan' });
    expect(response.output).toContain('TF_IN_AUTOMATION=1\n');
    expect(response.output).not.toContain('GOENV');
  });

  it('says what to do when there is no Go toolchain', async () => {
    const program = startProgram({ args: ['--tools', 'go'], env: { PATH: '/nowhere' }, stdin: stdin('print') });
    const response = answerOf(await program.ended);
    expect(response).toMatchObject({ success: false, exit_code: null, output: '' });
    expect(response.error_msg).toBe(
      'Go toolchain not found on the runner: install Go where iac-runner runs, and add the directory of go to its PATH',
    );
  });

  it('fails as go fails, named after the command', async () => {
    expect(await call('print', { env_vars: { FAKE_EXIT: '2' } })).toMatchObject({
      success: false,
      exit_code: 2,
      error_msg: 'go build exited with status 2',
      output: 'one\ntwo\nthree\n',
    });
  });

  describe('stops go like every tool', () => {
    const log = (): string => join(directory, 'log');
    const isReady = (): Promise<boolean> =>
      until('go is ready', () => existsSync(log()) && readFileSync(log(), 'utf8').includes('ready'));

    it('at a cancel: one interrupt', async () => {
      const program = start('wait', { log_file: log() });
      await isReady();
      program.child.kill('SIGTERM');
      expect(answerOf(await program.ended)).toMatchObject({
        ...{ success: false, exit_code: 1, cancelled: true, error_msg: 'go build was cancelled' },
        output: 'ready\ninterrupted\n',
      });
      expect(readFileSync(`${log()}.exit`, 'utf8')).toBe('1\n');
    });

    it('at a cancel that it ignores: a kill after the grace period', async () => {
      const program = start('ignore', { log_file: log(), grace_seconds: 0.2 });
      await isReady();
      program.child.kill('SIGTERM');
      expect(answerOf(await program.ended)).toMatchObject({ exit_code: 137, cancelled: true, signal: 'SIGKILL' });
    });

    it('at the timeout', async () => {
      const response = await call('wait', { log_file: log(), timeout: 0.02 });
      expect(response).toMatchObject({ exit_code: 1, timed_out: true });
      expect(response.error_msg).toBe('go build timed out after 1.2 seconds');
    });

    it('and what it leaves behind', async () => {
      const response = await call('daemon', { log_file: log() });
      const daemons = response.output.match(/\d+/g) ?? [];
      expect(daemons).toHaveLength(2);
      for (const pid of daemons) expect(isRunning(pid)).toBe(false);
    });
  });

  describe('refuses, and starts nothing:', () => {
    const refusals: [string, Partial<Record<keyof RunnerRequest, unknown>>, string][] = [
      ['run', { command: 'run' }, 'command must be one of build, version, mod for go; it is "run"'],
      [
        'a command of terraform',
        { command: 'plan' },
        'command must be one of build, version, mod for go; it is "plan"',
      ],
      ['build of terraform', { tool: 'terraform' }, 'for terraform; it is "build"'],
      ['a version', { tool_version: '1.22.0' }, 'tool_version cannot be chosen for go'],
      ['-toolexec', { args: ['-toolexec=/x', '.'] }, 'args: -toolexec is refused for go'],
      ['-exec', { args: ['-exec', '/x'] }, 'args: -exec is refused for go'],
      ['-overlay', { args: ['-overlay', '/x'] }, 'args: -overlay is refused for go'],
      ['-modfile', { command: 'mod', args: ['tidy', '-modfile=/x'] }, 'args: -modfile is refused for go'],
      ['a linker program', { args: ['-ldflags', '-s -extld=/x'] }, 'args: -extld in -ldflags is refused for go'],
      ['GOROOT', { env_vars: { GOROOT: '/x' } }, 'env_vars.GOROOT is refused for go'],
      ['CC', { env_vars: { CC: '/x' } }, 'env_vars.CC is refused for go'],
      ['another toolchain', { env_vars: { GOTOOLCHAIN: 'auto' } }, 'env_vars.GOTOOLCHAIN is refused for go'],
      ['GOFLAGS', { env_vars: { GOFLAGS: '-v -toolexec=/x' } }, 'env_vars.GOFLAGS: -toolexec is refused for go'],
      ['PATH', { env_vars: { PATH: '/x' } }, 'env_vars.PATH is refused'],
    ];
    it.each(refusals)('%s', async (_what, change, message) => {
      const log = join(directory, 'log');
      const response = await call('print', { log_file: log, ...change } as Partial<RunnerRequest>);
      expect(response).toMatchObject({ success: false, output: '', exit_code: null });
      expect(response.error_msg).toContain(message);
      expect(existsSync(log)).toBe(false);
    });

    it.each<[string[]]>([[[]], [['--stream']]])('go, when it was started with %j', async (args) => {
      const response = answerOf(await startProgram({ args, stdin: stdin('print') }).ended);
      expect(response).toMatchObject({ success: false, output: '', exit_code: null });
      expect(response.error_msg).toBe('tool go is accepted only when iac-runner is started with --tools go');
    });

    it.each([
      [['--tools', 'go,rust'], '"rust" is not an additional tool of iac-runner'],
      [['--tools'], '--tools takes additional tools with commas between; there is only go'],
    ])('everything, when it was started with %j', async (args, message) => {
      const response = answerOf(await startProgram({ args, stdin: stdin('print') }).ended);
      expect(response).toMatchObject({ success: false, exit_code: null });
      expect(response.error_msg).toContain(message);
    });
  });
});

function isRunning(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
