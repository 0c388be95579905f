import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunnerRequest } from '../../runner/protocol/runner-protocol';
import { until } from './poll';
import { answerOf, buildRunnerIfStale, peakMemory, ROOT, startProgram, stopPrograms } from './runner-program';

/** Loaded into the runner before its own code: throws where nobody catches, once a file has appeared. */
const CRASH_INSIDE = `
const wait = setInterval(() => {
  if (!require('node:fs').existsSync(process.env.CRASH_WHEN)) return;
  clearInterval(wait);
  throw new Error('a fault for the test');
}, 20);`;

/** What only a real process can do wrong: its streams, its exit status, its signals. */
describe('the iac-runner program', () => {
  let directory: string;

  beforeAll(buildRunnerIfStale);
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-program-')));
  });
  afterEach(() => {
    stopPrograms();
    rmSync(directory, { recursive: true, force: true });
  });

  const crashInside = (): string[] => {
    writeFileSync(join(directory, 'crash.cjs'), CRASH_INSIDE);
    return ['--require', join(directory, 'crash.cjs')];
  };
  const request = (behaviour: string, change: Partial<RunnerRequest> = {}): string =>
    JSON.stringify({
      ...{ tool: 'terraform', work_dir: directory, command: 'plan', args: [], timeout: 1 },
      ...change,
      env_vars: { FAKE_TOOL: behaviour, ...change.env_vars },
    });

  describe('always writes one line of JSON on stdout and nothing on stderr', () => {
    const unusable: [string, string | Buffer, string][] = [
      ['an empty stdin', '', 'empty'],
      ['white space', ' \n\n', 'empty'],
      ['no JSON', '<html>', 'not JSON'],
      ['half of a request', '{"tool":"terraform","work_dir":', 'not JSON'],
      ['two requests', '{}\n{}', 'not JSON'],
      ['an array', '[]', 'one JSON object'],
      ['null', 'null', 'one JSON object'],
      ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'UTF-8'],
      ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'one JSON object'],
      ['an unknown field', '{"__proto__":{},"tool":"terraform"}', 'not a field'],
    ];
    it.each(unusable)('for %s', async (_what, stdin, message) => {
      const end = await startProgram({ stdin }).ended;
      expect(answerOf(end)).toMatchObject({ success: false, output: '', exit_code: null });
      expect(answerOf(end).error_msg).toContain(message);
      expect(end.stderr).toBe('');
      expect(end.status).toBe(1);
    });

    it('for a request of 100 MB, without keeping it', async () => {
      const program = startProgram({});
      let peak = 0;
      const watch = setInterval(() => {
        peak = Math.max(peak, peakMemory(statusOf(program.child.pid)) ?? 0);
      }, 5);
      const megabyte = Buffer.alloc(1024 * 1024, ' ');
      const stdin = program.child.stdin;
      for (let sent = 0; sent < 100 && stdin?.writable; sent += 1) {
        if (!stdin.write(megabyte)) await Promise.race([once(stdin, 'drain').catch(() => undefined), program.ended]);
      }
      stdin?.end();
      const end = await program.ended;
      clearInterval(watch);
      expect(answerOf(end).error_msg).toContain('larger than 16777216 bytes');
      expect(peak).toBeGreaterThan(10);
      expect(peak).toBeLessThan(120);
    });

    it('for a tool that is not there', async () => {
      const end = await startProgram({ stdin: request('print'), env: { PATH: '/nowhere' } }).ended;
      expect(answerOf(end).error_msg).toBe(
        'terraform is not on the PATH of iac-runner: install it, or add its directory to PATH',
      );
      expect(end.stderr).toBe('');
    });

    it('for an option it does not know', async () => {
      const end = await startProgram({ args: ['--strem'], stdin: request('print') }).ended;
      expect(answerOf(end).error_msg).toContain('--strem is not an option');
      expect(end.stderr).toBe('');
    });

    it('for a tool that succeeds', async () => {
      const end = await startProgram({ stdin: request('print') }).ended;
      expect(answerOf(end).success).toBe(true);
      expect(end.stderr).toBe('');
      expect(end.status).toBe(0);
    });

    it('for a fault inside the runner while the tool runs: the tool is stopped first', async () => {
      const log = join(directory, 'log');
      const program = startProgram({
        nodeArgs: crashInside(),
        env: { CRASH_WHEN: `${log}.pid` },
        stdin: request('wait', { log_file: log }),
      });
      const response = answerOf(await program.ended);
      expect(response).toMatchObject({ success: false, exit_code: 1 });
      expect(response.error_msg).toBe('iac-runner failed inside: a fault for the test');
      expect(response.cancelled).toBeUndefined();
      expect(readFileSync(log, 'utf8')).toContain('interrupted');
    });

    it('for a fault inside the runner before there was a request', async () => {
      const end = await startProgram({
        nodeArgs: crashInside(),
        env: { CRASH_WHEN: directory },
      }).ended;
      expect(answerOf(end).error_msg).toBe('iac-runner failed inside: a fault for the test');
      expect(end.stderr).toBe('');
    });
  });

  it('ends with 1 when nobody is there to read the answer', async () => {
    const program = startProgram({});
    program.child.stdout?.destroy();
    program.child.stdin?.end(request('print'));
    const end = await program.ended;
    expect(end).toMatchObject({ status: 1, signal: null, stderr: '' });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('answers a %s that comes before the request', async (signal) => {
    const program = startProgram({});
    program.child.stdin?.write('{"tool":');
    await until('the runner is set up', () => isSetUp(program.child.pid));
    program.child.kill(signal);
    expect(answerOf(await program.ended)).toMatchObject({ success: false, exit_code: null, cancelled: true });
  });

  it('may wait on stdin as long as it likes, and is then at once ready', async () => {
    const program = startProgram({});
    await until('the runner is set up', () => isSetUp(program.child.pid));
    const loaded = mappedFiles(program.child.pid);
    program.child.stdin?.end(request('print', { tty: false }));
    expect(answerOf(await program.ended).success).toBe(true);
    expect(loaded.some((file) => file.endsWith('pty.node'))).toBe(false);
  });

  it('goes on when its terminal hangs up', async () => {
    const log = join(directory, 'log');
    const go = join(directory, 'go');
    const program = startProgram({ stdin: request('steps', { log_file: log, env_vars: { FAKE_FILE: go } }) });
    await until('the tool is ready', () => existsSync(log) && readFileSync(log, 'utf8').includes('ready'));
    program.child.kill('SIGHUP');
    writeFileSync(go, '');
    expect(answerOf(await program.ended).success).toBe(true);
  });

  describe('--stream', () => {
    it.each([
      ['a PTY', {}],
      ['pipes', { tty: false }],
      ['a log file', { log_file: 'log' }],
    ])('copies the output to stderr while %s is being written', async (_way, way) => {
      const go = join(directory, 'go');
      const change: Partial<RunnerRequest> = { ...way, env_vars: { FAKE_FILE: go } };
      if (change.log_file) change.log_file = join(directory, change.log_file);
      const program = startProgram({
        args: ['--stream'],
        stdin: request('steps', change),
        // The tool ends only after its output was seen here.
        onStderr: (text) => text.includes('step 3') && writeFileSync(go, ''),
      });
      const end = await program.ended;
      expect(end.stderr).toBe(answerOf(end).output);
      expect(end.stderr).toContain('last step');
    });

    it('goes on when nobody reads stderr any more', async () => {
      const program = startProgram({ args: ['--stream'], stdin: request('numbers') });
      program.child.stderr?.destroy();
      expect(answerOf(await program.ended)).toMatchObject({ success: true });
    });
  });

  describe('environment of the tool', () => {
    it('has what is allowed, what was asked for, and nothing else of the runner', async () => {
      const env = {
        HOME: '/h',
        LC_ALL: 'C.UTF-8',
        https_proxy: 'http://p',
        TF_LOG: 'TRACE',
        SECRET: 's',
        TF_VAR_x: 'y',
      };
      const env_vars = { TF_VAR_name: 'a "b" $c\nd', 'TF_TOKEN_host.example:8443': 't', TF_INPUT: '1' };
      for (const way of [{}, { tty: false }, { log_file: join(directory, 'log') }]) {
        const program = startProgram({ env, stdin: request('env', { ...way, env_vars }) });
        const lines = answerOf(await program.ended).output.split(/\r?\n/);
        expect(lines).toEqual(
          expect.arrayContaining([
            ...['HOME=/h', 'LC_ALL=C.UTF-8', 'https_proxy=http://p', 'TF_VAR_name=a "b" $c', 'd'],
            ...['TF_TOKEN_host.example:8443=t', 'TF_INPUT=1', 'TF_IN_AUTOMATION=1', 'CHECKPOINT_DISABLE=1'],
          ]),
        );
        const names = lines.map((line) => line.split('=')[0]);
        expect(names).not.toEqual(expect.arrayContaining(['TF_LOG']));
        expect(names.filter((name) => /^(SECRET|TF_VAR_x|TF_LOG|iac_runner_)/.test(name ?? ''))).toEqual([]);
      }
    });
  });

  it('keeps work_dir inside IAC_RUNNER_WORK_ROOT, links resolved', async () => {
    const root = join(directory, 'root');
    const outside = join(directory, 'root-2');
    for (const path of [join(root, 'in'), outside]) mkdirSync(path, { recursive: true });
    symlinkSync(outside, join(root, 'out'));
    symlinkSync(join(root, 'in'), join(directory, 'link'));
    const call = async (workDir: string): Promise<string | undefined> => {
      const stdin = request('print', { work_dir: workDir });
      return answerOf(await startProgram({ stdin, env: { IAC_RUNNER_WORK_ROOT: root } }).ended).error_msg;
    };
    expect(await call(join(root, 'in'))).toBe('');
    expect(await call(join(directory, 'link'))).toBe('');
    for (const path of [outside, join(root, 'out'), join(root, '..'), `${root}/../root-2`]) {
      expect(await call(path)).toContain('is not inside IAC_RUNNER_WORK_ROOT');
    }
  });

  it('prints help and version', async () => {
    const help = await startProgram({ args: ['--help'] }).ended;
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('log_file');
    const version = await startProgram({ args: ['--version'] }).ended;
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(version).toMatchObject({ status: 0, stderr: '', stdout: `iac-runner ${manifest.version} (protocol 1)\n` });
  });
});

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

/** Whether SIGHUP (1) is caught, the last that the runner sets up. (Node itself catches SIGTERM and SIGINT.) */
function isSetUp(pid: number | undefined): boolean {
  const caught = /SigCgt:\s+([0-9a-f]+)/.exec(statusOf(pid))?.[1];
  return caught !== undefined && (BigInt(`0x${caught}`) & 1n) !== 0n;
}

function mappedFiles(pid: number | undefined): string[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
}
