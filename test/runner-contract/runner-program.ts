import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { parseRunnerResponse } from '../../runner/protocol/parse-response';
import type { RunnerResponse } from '../../runner/protocol/runner-protocol';

export const ROOT = resolve(__dirname, '..', '..');
export const RUNNER_FILE = join(ROOT, 'dist', 'runner', 'iac-runner.js');
const FAKE_TOOL_DIRECTORY = join(__dirname, 'fake-tool');

/** The runner's environment when it is to find the fake tool. */
export const FAKE_TOOL_ENVIRONMENT = {
  PATH: `${FAKE_TOOL_DIRECTORY}${delimiter}${process.env.PATH ?? ''}`,
};

export interface ProgramEnd {
  stdout: string;
  stderr: string;
  status: number | null;
  signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  args?: string[];
  /** Given to node before the program. */
  nodeArgs?: string[];
  env?: Record<string, string>;
  /** Written to stdin, which is then closed; undefined leaves it open. */
  stdin?: string | Buffer;
  /** Called with everything that came on stderr so far. */
  onStderr?: (text: string) => void;
}

export interface RunningProgram {
  child: ChildProcess;
  ended: Promise<ProgramEnd>;
}

/** Bundles the runner when it is missing or older than its sources. */
export function buildRunnerIfStale(): void {
  const newest = Math.max(...sourceFiles(join(ROOT, 'runner')).map((file) => statSync(file).mtimeMs));
  if (existsSync(RUNNER_FILE) && statSync(RUNNER_FILE).mtimeMs > newest) return;
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'bundle-runner.mjs')], { stdio: 'pipe' });
}

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => join(directory, name));
}

const running = new Set<ChildProcess>();

/** Ends what a failed test has left. Two different signals, because two of a kind may arrive as one. */
export function stopPrograms(): void {
  for (const child of running) {
    child.kill('SIGTERM');
    child.kill('SIGINT');
  }
}

/** Starts the bundled program with an environment that has only what is given, and the fake tool on its PATH. */
export function startProgram(options: ProgramOptions): RunningProgram {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), RUNNER_FILE, ...(options.args ?? [])], {
    env: { ...FAKE_TOOL_ENVIRONMENT, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    options.onStderr?.(stderr);
  });
  // A refused request is not read to its end.
  child.stdin.on('error', () => undefined);
  if (options.stdin !== undefined) child.stdin.end(options.stdin);
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) =>
      resolve({ stdout: Buffer.concat(stdout).toString(), stderr, status, signal }),
    );
  });
  return { child, ended };
}

/** The one answer of a program that has ended; fails when it broke the rules of stdout, stderr or exit status. */
export function answerOf(end: ProgramEnd): RunnerResponse {
  expect(end.signal).toBeNull();
  expect(end.stdout.endsWith('\n')).toBe(true);
  const response = parseRunnerResponse(end.stdout);
  expect(end.status).toBe(response.success ? 0 : 1);
  return response;
}

/** Highest memory use so far, in MiB; undefined when the process has gone. */
export function peakMemory(statusFile: string): number | undefined {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(statusFile)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}
