import type { ChildProcess } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CallFiles } from './call-files';
import type { CallRunner, RunnerEnd } from './call-runner';

/** A runner process that was started, has no request yet, and ends with its answer. */
export class SingleRunner implements CallRunner {
  readonly serves = false;
  readonly end: Promise<RunnerEnd>;
  private hasEnded = false;

  constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {
    this.end = new Promise((resolve) => {
      child.once('error', () => resolve({ kind: 'failed' }));
      child.once('exit', (code) => resolve({ kind: 'exited', code }));
    });
    void this.end.then(() => (this.hasEnded = true));
    // A runner that ended early breaks the pipe; its exit says so.
    child.stdin?.on('error', () => undefined);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** False also when its files were taken away: then nobody would see its answer. */
  get isWaiting(): boolean {
    return !this.hasEnded && existsSync(join(this.directory, 'response.json'));
  }

  /** Moves what the runner writes into the folder of its call. The open files move with it. */
  moveTo(files: CallFiles): void {
    renameSync(join(this.directory, 'response.json'), files.response);
    renameSync(join(this.directory, 'runner.stderr'), files.stderr);
    rmSync(this.directory, { recursive: true, force: true });
  }

  send(request: string): void {
    this.child.stdin?.end(`${request}\n`);
  }

  release(): void {
    // It has ended.
  }

  /** Ends a runner that is not needed: without a request it just goes. */
  dismiss(): void {
    this.child.stdin?.destroy();
    this.child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}
