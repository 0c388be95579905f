import type { ChildProcess } from 'node:child_process';
import { servedLine } from '../../runner/protocol/runner-protocol';
import type { CallFiles, ProcessIdentity } from './call-files';
import type { CallRunner, RunnerEnd } from './call-runner';
import { isAlive, startTimeOf } from './process-identity';

/** A process that takes few bytes to say that it is ready, and nothing else. */
const MOST_PENDING = 16 * 1024;
/** After this many calls a runner is replaced, so that nothing that grows in it can grow for ever. */
const MOST_CALLS = 100;

/** A process of `iac-runner --serve`: it works on one call at a time, and waits for the next one in between. */
export class ServingRunner {
  readonly exit: Promise<RunnerEnd>;
  private readonly identity: ProcessIdentity;
  private hasEnded = false;
  private calls = 0;
  /** What it said last, without a line's end yet. */
  private pending = '';
  private awaited: { responseFile: string; resolve: (end: RunnerEnd) => void } | null = null;

  constructor(private readonly child: ChildProcess) {
    const pid = child.pid ?? 0;
    this.identity = { pid, start_time: startTimeOf(pid) };
    this.exit = new Promise((resolve) => {
      child.once('error', () => resolve({ kind: 'failed' }));
      child.once('exit', (code) => resolve({ kind: 'exited', code }));
    });
    void this.exit.then(() => {
      this.hasEnded = true;
      // Something that it left may hold the other end.
      child.stdout?.destroy();
    });
    // A runner that has ended breaks the pipes; its exit says so.
    child.stdin?.on('error', () => undefined);
    child.stdout?.on('error', () => undefined);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.hear(text));
  }

  /** Whether it can take another call. One that was killed a moment ago is not taken, although nobody has told us yet. */
  get isWaiting(): boolean {
    return !this.hasEnded && this.awaited === null && isAlive(this.identity);
  }

  get isUnused(): boolean {
    return this.calls === 0;
  }

  get hasServedEnough(): boolean {
    return this.calls >= MOST_CALLS;
  }

  /** Takes the process for one call. `onRelease` is called when that has ended. */
  begin(onRelease: (isAsBefore: boolean) => void): CallRunner {
    this.calls += 1;
    const { pid } = this.child;
    let responseFile = '';
    let reportEnd: (end: RunnerEnd) => void = () => undefined;
    const end = new Promise<RunnerEnd>((resolve) => (reportEnd = resolve));
    void this.exit.then(reportEnd);
    return {
      pid,
      serves: true,
      end,
      moveTo: (files: CallFiles) => {
        responseFile = files.response;
        this.awaited = { responseFile, resolve: reportEnd };
      },
      send: (request) =>
        this.child.stdin?.write(`{"response_file":${JSON.stringify(responseFile)},"request":${request}}\n`),
      release: onRelease,
    };
  }

  /** Asks for no more: it finishes what it is at, and ends. */
  close(): void {
    this.child.stdin?.end();
  }

  /** Ends a runner that is at no call. */
  dismiss(): void {
    this.child.stdin?.destroy();
    this.child.kill('SIGKILL');
  }

  private hear(text: string): void {
    this.pending += text;
    if (!this.pending.includes('\n') && this.pending.length <= MOST_PENDING) return;
    const { awaited } = this;
    // Anything but "that call is answered" breaks the rules. The tool goes on, and its waiter records how it ended.
    if (awaited === null || this.pending !== `${servedLine(awaited.responseFile)}\n`) return this.dismiss();
    this.pending = '';
    this.awaited = null;
    awaited.resolve({ kind: 'answered' });
  }
}
