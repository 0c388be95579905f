import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRunnerResponse } from '../../runner/protocol/parse-response';
import { type RunnerRequest, type RunnerResponse, servedLine } from '../../runner/protocol/runner-protocol';
import { FAKE_TOOL_ENVIRONMENT, RUNNER_FILE } from './runner-program';

/** How a call of a runner that serves ended: answered, and ready for more or not. */
export interface ServedEnd {
  response: RunnerResponse;
  isReady: boolean;
}

/** A process of `iac-runner --serve`, as the server would use it. */
export class ServedProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
  readonly folder = mkdtempSync(join(tmpdir(), 'runner-served-'));
  stderr = '';
  private said = '';
  private calls = 0;
  private wake: () => void = () => undefined;

  constructor(options: { nodeArgs?: string[]; env?: Record<string, string> } = {}) {
    this.child = spawn(process.execPath, [...(options.nodeArgs ?? []), RUNNER_FILE, '--serve'], {
      cwd: '/',
      env: { ...FAKE_TOOL_ENVIRONMENT, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdin?.on('error', () => undefined);
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.said += chunk.toString();
      this.wake();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) =>
      this.child.once('close', (status, signal) => {
        this.wake();
        resolve({ status, signal });
      }),
    );
  }

  /** A new place for an answer. */
  newResponseFile(): string {
    this.calls += 1;
    return join(this.folder, `${this.calls}.json`);
  }

  send(request: RunnerRequest, responseFile: string): void {
    this.child.stdin?.write(`${JSON.stringify({ response_file: responseFile, request })}\n`);
  }

  /** One call to its end. Fails when there is no well-formed answer. */
  async call(request: RunnerRequest): Promise<ServedEnd> {
    const responseFile = this.newResponseFile();
    this.send(request, responseFile);
    const line = `${servedLine(responseFile)}\n`;
    const spoke = (): Promise<void> => new Promise((resolve) => (this.wake = resolve));
    while (this.said === '' && this.child.exitCode === null && this.child.signalCode === null) await spoke();
    const isReady = this.said !== '';
    if (isReady) expect(this.said).toBe(line);
    this.said = '';
    return { response: parseRunnerResponse(readFileSync(responseFile, 'utf8')), isReady };
  }

  hasAnswer(responseFile: string): boolean {
    return existsSync(responseFile);
  }

  /** Ends it, whatever it is at, and what it wrote. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    this.child.stdin?.end();
    this.child.kill('SIGINT');
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
