import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startPtyProcess } from '../../runner/process/pty-process';
import type { RunnerRequest, RunnerResponse } from '../../runner/protocol/runner-protocol';
import { answerOf, buildRunnerIfStale, peakMemory, startProgram, stopPrograms } from './runner-program';

const MEBIBYTE = 1024 * 1024;

/** Output in quantity: nothing is lost, memory does not grow with it. */
describe('output', () => {
  let directory: string;

  beforeAll(buildRunnerIfStale);
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'runner-output-')));
  });
  afterEach(() => {
    stopPrograms();
    rmSync(directory, { recursive: true, force: true });
  });

  async function call(
    behaviour: string,
    change: Partial<RunnerRequest> = {},
  ): Promise<{ response: RunnerResponse; peak: number }> {
    const stdin = JSON.stringify({
      ...{ tool: 'terraform', work_dir: directory, command: 'plan', args: [], timeout: 2 },
      ...change,
      env_vars: { FAKE_TOOL: behaviour },
    });
    const program = startProgram({ stdin });
    let peak = 0;
    const watch = setInterval(() => {
      try {
        peak = Math.max(peak, peakMemory(readFileSync(`/proc/${program.child.pid}/status`, 'utf8')) ?? 0);
      } catch {
        // The runner has just ended.
      }
    }, 5);
    const response = answerOf(await program.ended);
    clearInterval(watch);
    return { response, peak };
  }

  const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\r\n`).join('');

  it('is complete on a PTY in 500 of 500 runs of a tool that prints 128 kB and ends', async () => {
    const once = async (): Promise<boolean> => {
      const tool = startPtyProcess(
        {
          file: resolve(__dirname, 'fake-tool', 'terraform'),
          args: ['plan'],
          cwd: directory,
          env: { PATH: process.env.PATH ?? '', FAKE_TOOL: 'numbers' },
        },
        { columns: 160, maxOutputBytes: 10 * MEBIBYTE, copy: undefined },
      );
      const exit = await tool.exited;
      const output = await tool.collectOutput();
      return exit.code === 0 && output.text === numbers && !output.isTruncated;
    };
    let complete = 0;
    for (let done = 0; done < 500; done += 10) {
      const results = await Promise.all(Array.from({ length: 10 }, once));
      complete += results.filter(Boolean).length;
    }
    expect(complete).toBe(500);
  }, 120_000);

  it('is complete through the whole program', async () => {
    for (let done = 0; done < 20; done += 4) {
      const calls = await Promise.all(Array.from({ length: 4 }, () => call('numbers')));
      for (const { response } of calls) expect(response.output === numbers).toBe(true);
    }
  });

  it.each([
    ['a PTY', (): Partial<RunnerRequest> => ({})],
    ['pipes', (): Partial<RunnerRequest> => ({ tty: false })],
    ['a log file', (): Partial<RunnerRequest> => ({ log_file: join(directory, 'log') })],
  ])('of 50 MB through %s needs no more memory than is kept', async (_way, way) => {
    const { response, peak } = await call('flood', { ...way(), max_output_bytes: MEBIBYTE });
    expect(response).toMatchObject({ success: true, output_truncated: true });
    expect(Buffer.byteLength(response.output)).toBe(MEBIBYTE);
    expect(response.output).toMatch(/the end\r?\n$/);
    expect(peak).toBeGreaterThan(20);
    expect(peak).toBeLessThan(150);
  });

  it('of a log of 1 GB is read at its end only', async () => {
    const { response, peak } = await call('huge', { log_file: join(directory, 'log'), max_output_bytes: 1000 });
    expect(response).toMatchObject({ success: true, output_truncated: true });
    expect(response.output).toBe(`${'\0'.repeat(992)}the end\n`);
    expect(peak).toBeLessThan(100);
  });

  it('is folded at the asked width only on a PTY', async () => {
    expect((await call('width', { columns: 93 })).response.output.trim()).toMatch(/ 93$/);
    expect((await call('width')).response.output.trim()).toMatch(/ 160$/);
  });
});
