import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunnerRequest, RunnerResponse } from '../../runner/protocol/runner-protocol';
import { until } from './poll';

/** One call of a runner, however that is reached. */
export interface RunnerCall {
  response: Promise<RunnerResponse>;
  /** What a SIGTERM to the runner means. */
  cancel(): void;
}

export type CallRunner = (request: RunnerRequest) => RunnerCall;

/**
 * What every runner must do, as its caller sees it. The tool is `fake-tool/terraform`, found on the runner's PATH;
 * the variable FAKE_TOOL says how it behaves.
 */
export function describeRunnerContract(name: string, callRunner: CallRunner): void {
  describe(`${name} keeps the runner's contract`, () => {
    let directory: string;

    beforeEach(() => {
      directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-contract-')));
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    const start = (behaviour: string, request: Partial<RunnerRequest> = {}): RunnerCall =>
      callRunner({
        tool: 'terraform',
        work_dir: directory,
        command: 'plan',
        args: [],
        timeout: 1,
        ...request,
        env_vars: { FAKE_TOOL: behaviour, ...request.env_vars },
      });
    const call = (behaviour: string, request: Partial<RunnerRequest> = {}): Promise<RunnerResponse> =>
      start(behaviour, request).response;
    const inFile = (path: string, text: string) => () => existsSync(path) && readFileSync(path, 'utf8').includes(text);

    const ways: [string, () => Partial<RunnerRequest>][] = [
      ['on a PTY', () => ({})],
      ['on pipes', () => ({ tty: false })],
      ['into a log file', () => ({ log_file: join(directory, 'log') })],
    ];

    describe.each(ways)('%s', (way, options) => {
      const newline = way === 'on a PTY' ? '\r\n' : '\n';

      it('gives output, exit code and times of a tool that succeeds', async () => {
        const response = await call('print', options());
        expect(response).toEqual({
          success: true,
          output: ['one', 'two', 'three', ''].join(newline),
          exit_code: 0,
          error_msg: '',
          started_at: expect.any(String) as string,
          ended_at: expect.any(String) as string,
        });
        expect(Date.parse(response.ended_at)).toBeGreaterThanOrEqual(Date.parse(response.started_at));
        expect(response.started_at).toMatch(/Z$/);
      });

      it('gives the exit code and a sentence when the tool fails', async () => {
        const response = await call('print', { ...options(), env_vars: { FAKE_EXIT: '3' } });
        expect(response).toMatchObject({
          success: false,
          exit_code: 3,
          error_msg: 'terraform plan exited with status 3',
          output: ['one', 'two', 'three', ''].join(newline),
        });
      });

      it.each([
        ['KILL', 137],
        ['SEGV', 139],
      ])('names the signal SIG%s that killed the tool', async (signal, exitCode) => {
        const response = await call('die', { ...options(), env_vars: { FAKE_SIGNAL: signal } });
        expect(response).toMatchObject({
          success: false,
          exit_code: exitCode,
          signal: `SIG${signal}`,
          error_msg: `terraform plan was killed by SIG${signal}`,
        });
      });

      it('passes the arguments one by one, with no shell between', async () => {
        const args = ['-var=a b', '$(touch x)', '`id`', '; exit 9', '', '-x="y\'z"', '*'];
        const response = await call('args', { ...options(), args });
        expect(response.output.split(newline)).toEqual(['plan', ...args].map((arg) => `<${arg}>`).concat(''));
      });

      it('runs in work_dir with nothing on stdin and SIGHUP ignored', async () => {
        expect((await call('pwd', options())).output).toBe(directory + newline);
        expect((await call('stdin', options())).output).toBe(`nothing on stdin${newline}`);
        expect((await call('hangup', options())).output).toBe(`still here${newline}`);
      });

      it('keeps colours and characters', async () => {
        const { output } = await call('ansi', options());
        expect(output.replaceAll('\r', '')).toBe('\u001b[1mbold\u001b[0m\né\n');
      });

      it('keeps the end of the output when there is too much, and says so', async () => {
        const response = await call('numbers', { ...options(), max_output_bytes: 1000 });
        expect(response.output_truncated).toBe(true);
        expect(Buffer.byteLength(response.output)).toBe(1000);
        expect(response.output.endsWith(`19999${newline}20000${newline}`)).toBe(true);
      });

      it('never cuts through a character', async () => {
        const { output } = await call('accents', { ...options(), max_output_bytes: 999 });
        expect(output).toBe('é'.repeat(499));
      });

      it('interrupts a tool that takes too long and keeps its output', async () => {
        const response = await call('wait', { ...options(), timeout: 0.02, grace_seconds: 30 });
        expect(response).toMatchObject({
          success: false,
          exit_code: 1,
          timed_out: true,
          error_msg: 'terraform plan timed out after 1.2 seconds',
          output: ['ready', 'interrupted', ''].join(newline),
        });
        expect(response.cancelled).toBeUndefined();
      });

      it('kills a tool that does not stop within the grace period', async () => {
        const response = await call('ignore', { ...options(), timeout: 0.01, grace_seconds: 0.5 });
        expect(response).toMatchObject({ success: false, exit_code: 137, timed_out: true, signal: 'SIGKILL' });
        expect(response.error_msg).toContain('was killed');
        expect(response.output).toBe(`ready${newline}`);
      });

      it('answers when the tool ends although a daemon holds the output', async () => {
        const response = await call('daemon', options());
        expect(response.success).toBe(true);
        const daemons = response.output.match(/\d+/g) ?? [];
        expect(daemons).toHaveLength(2);
        for (const pid of daemons) expect(existsSync(`/proc/${pid}`) && !isZombie(pid)).toBe(false);
      });
    });

    describe('cancel', () => {
      it('interrupts the tool', async () => {
        const log = join(directory, 'log');
        const running = start('wait', { log_file: log, grace_seconds: 30 });
        await until('the tool is ready', inFile(log, 'ready'));
        running.cancel();
        const response = await running.response;
        expect(response).toMatchObject({
          success: false,
          exit_code: 1,
          cancelled: true,
          error_msg: 'terraform plan was cancelled',
          output: 'ready\ninterrupted\n',
        });
        expect(response.timed_out).toBeUndefined();
      });

      it('kills at the second request', async () => {
        const log = join(directory, 'log');
        const never = join(directory, 'never');
        const running = start('finish-anyway', { log_file: log, grace_seconds: 600, env_vars: { FAKE_FILE: never } });
        await until('the tool is ready', inFile(log, 'ready'));
        running.cancel();
        await until('the tool was interrupted', inFile(log, 'interrupted'));
        running.cancel();
        expect(await running.response).toMatchObject({ exit_code: 137, cancelled: true, signal: 'SIGKILL' });
      });

      it('is no failure when the tool still does its work', async () => {
        const log = join(directory, 'log');
        const go = join(directory, 'go');
        const running = start('finish-anyway', { log_file: log, env_vars: { FAKE_FILE: go } });
        await until('the tool is ready', inFile(log, 'ready'));
        running.cancel();
        await until('the tool was interrupted', inFile(log, 'interrupted'));
        writeFileSync(go, '');
        const response = await running.response;
        expect(response).toMatchObject({ success: true, exit_code: 0, cancelled: true });
        expect(response.error_msg).toBe('');
      });

      it('ends a call at once whose tool has not started', async () => {
        const asked = join(directory, 'asked');
        const running = start('slow-version', { tool_version: '9.9.9', env_vars: { FAKE_FILE: asked } });
        await until('the tool is asked for its version', () => existsSync(asked));
        running.cancel();
        expect(await running.response).toMatchObject({ success: false, exit_code: null, cancelled: true, output: '' });
      });
    });

    describe('log_file', () => {
      it('gets the output, the exit status and who ran', async () => {
        const log = join(directory, 'log');
        const response = await call('print', { log_file: log, env_vars: { FAKE_EXIT: '2' } });
        expect(response.exit_code).toBe(2);
        expect(readFileSync(log, 'utf8')).toBe('one\ntwo\nthree\n');
        expect(readFileSync(`${log}.exit`, 'utf8')).toBe('2\n');
        expect(JSON.parse(readFileSync(`${log}.pid`, 'utf8'))).toEqual({
          pid: expect.any(Number) as number,
          start_time: expect.stringMatching(/^\d+$/) as string,
        });
      });

      it('records 128 + n, also when everything was killed', async () => {
        const log = join(directory, 'log');
        await call('die', { log_file: log, env_vars: { FAKE_SIGNAL: 'SEGV' } });
        expect(readFileSync(`${log}.exit`, 'utf8')).toBe('139\n');
        await call('ignore', { log_file: log, timeout: 0.005, grace_seconds: 0 });
        expect(readFileSync(`${log}.exit`, 'utf8')).toBe('137\n');
      });

      it('is added to, and the answer has only what this call wrote', async () => {
        const log = join(directory, 'log');
        writeFileSync(log, 'before\n');
        expect((await call('print', { log_file: log })).output).toBe('one\ntwo\nthree\n');
        expect(readFileSync(log, 'utf8')).toBe('before\none\ntwo\nthree\n');
      });

      it('is refused when it is a link, and nothing is started', async () => {
        const target = join(directory, 'target');
        writeFileSync(target, '');
        symlinkSync(target, join(directory, 'log'));
        const response = await call('print', { log_file: join(directory, 'log') });
        expect(response).toMatchObject({ success: false, exit_code: null });
        expect(response.error_msg).toContain('symbolic link');
        expect(readFileSync(target, 'utf8')).toBe('');
      });
    });

    describe('-json', () => {
      it.each([
        ['pipes', false],
        ['a log file', true],
      ])('arrives untouched through %s, with stderr apart', async (_way, withLog) => {
        const log = join(directory, 'log');
        const options = withLog ? { log_file: log } : { tty: false };
        const good = await call('json', { ...options, command: 'show', args: ['-json'] });
        expect(good.output).toBe('{"a":"\\u001b[0m"}\n');
        const bad = await call('json', { ...options, command: 'show', args: ['-json'], env_vars: { FAKE_EXIT: '1' } });
        expect(bad.error_msg).toBe('terraform show exited with status 1: a warning');
        expect(bad.output).toBe('{"a":"\\u001b[0m"}\n');
        expect(withLog ? readFileSync(`${log}.stderr`, 'utf8') : 'a warning\na warning\n').toBe(
          'a warning\na warning\n',
        );
      });
    });

    describe('refuses', () => {
      const refusals: [string, Partial<Record<keyof RunnerRequest, unknown>>, string][] = [
        ['a tool it does not know', { tool: 'bash' }, 'tool must be one of terraform, tofu'],
        ['a command it does not know', { command: 'console' }, 'command must be one of init, plan, apply, destroy'],
        ['go, which it was not started for', { tool: 'go', command: 'build' }, 'started with --tools go'],
        ['a command of go', { command: 'build' }, 'for terraform; it is "build"'],
        ['a relative work_dir', { work_dir: '.' }, 'absolute'],
        ['a missing work_dir', { work_dir: '/nowhere/at/all' }, 'does not exist'],
        ['a work_dir that is a file', { work_dir: '/etc/passwd' }, 'not a directory'],
        ['a timeout of 0', { timeout: 0 }, 'timeout'],
        ['a timeout of more than a day', { timeout: 1441 }, '1440'],
        ['an argument with NUL', { args: ['a\0b'] }, 'NUL'],
        ['a variable that changes how programs are loaded', { env_vars: { LD_PRELOAD: 'x' } }, 'LD_PRELOAD'],
        ['PATH', { env_vars: { PATH: '/tmp' } }, 'PATH'],
        ['a value of more than 128 KiB', { env_vars: { BIG: 'x'.repeat(131_072) } }, '128 KiB'],
        ['a version that is not there', { tool_version: '1.2.3' }, 'is 9.9.9'],
      ];
      it.each(refusals)('%s, and starts nothing', async (_what, change, message) => {
        const response = await callRunner({
          ...{ tool: 'terraform', work_dir: directory, command: 'plan', args: [], env_vars: {}, timeout: 1 },
          ...change,
        } as RunnerRequest).response;
        expect(response).toMatchObject({ success: false, output: '', exit_code: null });
        expect(response.error_msg).toContain(message);
      });
    });
  });
}

function isZombie(pid: string): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
