import { Worker } from 'node:worker_threads';
import { SecretUnreadableError } from '../../crypto/secret-box';
import { NotAStateError } from '../domain/state-document';
import type { StateAnswer, StateTask } from './state-work';
import { handOver, type ThreadAnswer, type ThreadData } from './thread-messages';

/** The thread has ended, and with it what it was at. */
export class ThreadEndedError extends Error {
  constructor(
    /** As a clause. */
    readonly reason: string,
  ) {
    super(`The thread that works on states has ended: ${reason}.`);
  }
}

interface Pending {
  resolve(answer: ThreadAnswer): void;
  reject(error: Error): void;
}

export interface StateThreadOptions {
  /** Compiled program of the thread. */
  program: string;
  key: Buffer;
  /** Of its JavaScript heap. The bytes of states are elsewhere. */
  maxHeapMegabytes: number;
}

/**
 * A thread that works on one state at a time. It keeps no process alive unless it has something to do. Once it has ended,
 * by itself or by `kill`, everything that is asked of it is rejected.
 */
export class StateThread {
  private readonly thread: Worker;
  private readonly exited: Promise<void>;
  private pending: Pending | null = null;
  private failure: Error | null = null;

  constructor({ program, key, maxHeapMegabytes }: StateThreadOptions) {
    const workerData: ThreadData = { key };
    this.thread = new Worker(program, {
      workerData,
      // None of the server's secrets but the one it needs, and none of its flags.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
    });
    this.thread.on('message', (answer: ThreadAnswer) => this.settle((pending) => pending.resolve(answer)));
    this.thread.on('error', (error) => this.fail(endOf(error)));
    this.exited = new Promise((resolve) => {
      this.thread.once('exit', (code) => {
        this.fail(new ThreadEndedError(`it ended with code ${code}`));
        resolve();
      });
    });
    this.thread.unref();
  }

  /** Whether it still takes tasks. */
  get isUsable(): boolean {
    return this.failure === null;
  }

  /**
   * Has a task done. The bytes in it are handed over, and are empty afterwards.
   * @throws NotAStateError; SecretUnreadableError; ThreadEndedError; Error for a mistake of ours
   */
  async run<Task extends StateTask>(task: Task): Promise<StateAnswer<Task>> {
    const outcome = await this.ask(task);
    if ('answer' in outcome) return outcome.answer as StateAnswer<Task>;
    if (outcome.error === 'not-a-state') throw new NotAStateError(outcome.message);
    if (outcome.error === 'unreadable') throw new SecretUnreadableError();
    throw new Error(`The thread that works on states made a mistake (${outcome.message}).`);
  }

  /** Ends it, whatever it does; resolves when it has ended. What is pending is rejected with `reason` at once. */
  async kill(reason: Error): Promise<void> {
    this.fail(reason);
    // Waiting for a thread that is not counted would let the process end before this resolves.
    this.thread.ref();
    await this.thread.terminate();
    await this.exited;
  }

  private ask(given: StateTask): Promise<ThreadAnswer> {
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.pending !== null) return Promise.reject(new Error('the thread takes one task at a time'));
    return new Promise((resolve, reject) => {
      const { task, transfer } = handOver(given);
      this.pending = { resolve, reject };
      this.thread.ref();
      this.thread.postMessage(task, transfer);
    });
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.settle((pending) => pending.reject(error));
  }

  private settle(how: (pending: Pending) => void): void {
    const { pending } = this;
    if (pending === null) return;
    this.pending = null;
    this.thread.unref();
    how(pending);
  }
}

/** Nothing else of the error is passed on: its message may quote a state. */
function endOf(error: unknown): ThreadEndedError {
  return new ThreadEndedError(error instanceof Error && 'code' in error ? String(error.code) : 'it crashed');
}
