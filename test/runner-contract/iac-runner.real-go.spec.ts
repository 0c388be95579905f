import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listLiveProcesses, type ProcessEntry, wasStartedWith } from '../../runner/process/process-table';
import type { RunnerRequest, RunnerResponse } from '../../runner/protocol/runner-protocol';
import { until } from './poll';
import { answerOf, buildRunnerIfStale, type RunningProgram, startProgram, stopPrograms } from './runner-program';

/** `println` is built in: only the runtime is compiled, and nothing here needs a network. */
const PROGRAM = 'package main\n\nvar version = "unset"\n\nfunc main() { println("version", version) }\n';
const REPRODUCIBLE = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w -X main.version=1.2.3'];
const BUILD_MS = 300_000;

const describeGo = goVersion() === null ? describe.skip : describe;

if (goVersion() === null) {
  it('the real go is not on this machine: not tested', () => {
    console.warn('go is not on the PATH, so iac-runner was not tested with it');
    expect(goVersion()).toBeNull();
  });
}

describeGo('the real go', () => {
  let directory: string;
  /** Compiled packages of the runtime, shared by the tests that do not need an empty one. */
  let sharedCache: string;

  beforeAll(() => {
    buildRunnerIfStale();
    sharedCache = mkdtempSync(join(tmpdir(), 'runner-go-cache-'));
  });
  afterAll(() => rmSync(sharedCache, { recursive: true, force: true }));
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-real-go-')));
  });
  afterEach(() => {
    stopPrograms();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = (request: Partial<RunnerRequest>): RunningProgram =>
    startProgram({
      args: ['--tools', 'go'],
      env: { PATH: process.env.PATH ?? '', HOME: directory },
      stdin: JSON.stringify({
        ...{ tool: 'go', work_dir: directory, command: 'build', args: [], timeout: 5 },
        ...request,
        env_vars: { GOCACHE: sharedCache, GOPROXY: 'off', ...request.env_vars },
      }),
    });
  const call = async (request: Partial<RunnerRequest>): Promise<RunnerResponse> => answerOf(await start(request).ended);

  function module(name: string, source: string): string {
    const work = join(directory, name);
    mkdirSync(work);
    writeFileSync(join(work, 'go.mod'), 'module example.test/tiny\n\ngo 1.18\n');
    writeFileSync(join(work, 'main.go'), source);
    return work;
  }

  it('says its version', async () => {
    const response = await call({ command: 'version' });
    expect(response).toMatchObject({ success: true, exit_code: 0 });
    expect(response.output.trim()).toBe(goVersion());
  });

  it.each([
    ['linux', 'amd64', '7f454c46'],
    ['darwin', 'arm64', 'cffaedfe'],
  ])(
    'builds the same bytes from two directories with two caches for %s/%s',
    async (GOOS, GOARCH, magic) => {
      const digests: string[] = [];
      for (const name of ['first', 'another-directory']) {
        const out = join(directory, `${name}.out`);
        const response = await call({
          work_dir: module(name, PROGRAM),
          args: [...REPRODUCIBLE, '-o', out, '.'],
          env_vars: { GOOS, GOARCH, GOCACHE: join(directory, `${name}.cache`) },
          log_file: join(directory, `${name}.log`),
        });
        expect(response).toMatchObject({ success: true, exit_code: 0, error_msg: '', output: '' });
        const bytes = readFileSync(out);
        expect(bytes.subarray(0, 4).toString('hex')).toBe(magic);
        expect(bytes.includes(directory)).toBe(false);
        digests.push(createHash('sha256').update(bytes).digest('hex'));
      }
      expect(digests[0]).toBe(digests[1]);
    },
    BUILD_MS,
  );

  it(
    'sets the version, which a tool of this machine can show',
    async () => {
      const out = join(directory, 'program');
      const built = await call({ work_dir: module('tiny', PROGRAM), args: [...REPRODUCIBLE, '-o', out] });
      expect(built.error_msg).toBe('');
      expect(execFileSync('/bin/sh', ['-c', '"$1" 2>&1', 'sh', out], { encoding: 'utf8' })).toBe('version 1.2.3\n');
      const asked = await call({ command: 'version', args: ['-m', out] });
      expect(asked.output).toContain('CGO_ENABLED=0');
    },
    BUILD_MS,
  );

  it(
    'fails with the compiler’s words in the log when the source does not compile',
    async () => {
      const log = join(directory, 'log');
      const broken = module('broken', 'package main\n\nfunc main() { missing() }\n');
      const response = await call({ work_dir: broken, args: ['-o', join(directory, 'out')], log_file: log });
      expect(response).toMatchObject({ success: false, exit_code: expect.any(Number) as number });
      expect(response.exit_code).toBeGreaterThan(0);
      expect(response.error_msg).toBe(`go build exited with status ${response.exit_code}`);
      expect(readFileSync(log, 'utf8')).toMatch(/main\.go:3:15: undefined: missing/);
      expect(readFileSync(log, 'utf8')).toBe(response.output);
      expect(existsSync(join(directory, 'out'))).toBe(false);
    },
    BUILD_MS,
  );

  it('pays no heed to a workspace above the sources, nor to a settings file in the home directory', async () => {
    mkdirSync(join(directory, '.config', 'go'), { recursive: true });
    writeFileSync(join(directory, '.config', 'go', 'env'), 'GOFLAGS=-toolexec=/nowhere/program\n');
    writeFileSync(join(directory, 'go.work'), 'this is no workspace\n');
    const response = await call({ work_dir: module('tiny', PROGRAM), args: ['-o', join(directory, 'out')] });
    expect(response.error_msg).toBe('');
  });

  describe('a long build', () => {
    /** Large parts of the standard library, for a machine nobody has compiled them for, with an empty cache. */
    const LONG = 'package main\n\nimport (\n\t_ "go/types"\n\t_ "net/http"\n)\n\nfunc main() {}\n';
    const cache = (): string => join(directory, 'cache');
    const log = (): string => join(directory, 'log');
    const long = (change: Partial<RunnerRequest> = {}): RunningProgram => {
      return start({
        work_dir: module('long', LONG),
        args: ['-o', join(directory, 'out'), '.'],
        env_vars: { GOOS: 'linux', GOARCH: 'mips64le', GOCACHE: cache(), GOTMPDIR: directory },
        log_file: log(),
        ...change,
      });
    };
    const ofBuild = (): ProcessEntry[] =>
      listLiveProcesses().filter((entry) => wasStartedWith(entry.pid, 'GOCACHE', cache()));
    const leader = (): number => (JSON.parse(readFileSync(`${log()}.pid`, 'utf8')) as { pid: number }).pid;
    const compiling = (): ProcessEntry[] => ofBuild().filter(({ pid }) => commandOf(pid).endsWith('/compile'));

    it(
      'that is cancelled stops at the interrupt and leaves no process',
      async () => {
        const program = long();
        const compilers = await until('a compiler runs', () => compiling().length > 0 && compiling(), 60_000);
        // All of them get the interrupt because they are in the group of the call.
        for (const { group } of compilers) expect(group).toBe(leader());
        program.child.kill('SIGTERM');
        const response = answerOf(await program.ended);
        expect(response).toMatchObject({ success: false, cancelled: true, error_msg: 'go build was cancelled' });
        expect(ofBuild()).toEqual([]);
        expect(listLiveProcesses().filter(({ session }) => session === leader())).toEqual([]);
        expect(existsSync(join(directory, 'out'))).toBe(false);
        // At the interrupt, before the grace period was over.
        expect(response.signal).not.toBe('SIGKILL');
      },
      BUILD_MS,
    );

    it(
      'whose go alone is killed leaves no compiler behind',
      async () => {
        const program = long();
        await until('a compiler runs', () => compiling().length > 0, 60_000);
        const go = ofBuild().filter(({ pid }) => commandOf(pid).endsWith('/go'));
        expect(go).toHaveLength(1);
        for (const { pid } of go) process.kill(pid, 'SIGKILL');
        expect(answerOf(await program.ended)).toMatchObject({
          ...{ success: false, exit_code: 137, error_msg: 'go build was killed by SIGKILL' },
        });
        expect(ofBuild()).toEqual([]);
      },
      BUILD_MS,
    );

    it(
      'that takes too long is stopped in the same way',
      async () => {
        const response = answerOf(await long({ timeout: 0.03 }).ended);
        expect(response).toMatchObject({ success: false, timed_out: true });
        expect(response.error_msg).toBe('go build timed out after 1.8 seconds');
        expect(ofBuild()).toEqual([]);
      },
      BUILD_MS,
    );
  });
});

/** What `go version` says; null when there is no go. */
function goVersion(): string | null {
  try {
    return execFileSync('go', ['version'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}

/** The program that a process runs. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  } catch {
    return '';
  }
}
