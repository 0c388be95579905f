import { Worker } from 'node:worker_threads';
import { parserCrashed } from './module-interface.errors';
import type { ParserAnswer, ParserWorkerData } from './parser-worker-source';

/** The JavaScript heap of the worker. The parser's own memory is not part of it. */
const HEAP_LIMIT_MB = 256;
/** Parsed text of a file of 1 MiB is about as long as the file; six times that when everything must be escaped. */
const MAX_ANSWER_LENGTH = 8 * 1024 * 1024;

interface Pending {
  resolve(answer: ParserAnswer): void;
  reject(error: Error): void;
}

/**
 * One thread with a parser in it. It takes one file at a time. The process does not stay for its sake unless it has
 * something to do. Once it has ended, by itself or by `kill`, everything asked of it is rejected.
 */
export class ParserWorker {
  private readonly thread: Worker;
  private readonly exited: Promise<void>;
  private pending: Pending | null = null;
  private failure: Error | null = null;
  private hasExited = false;

  constructor(source: string, maxMemoryBytes: number) {
    const workerData: ParserWorkerData = {
      library: require.resolve('@cdktn/hcl2json'),
      maxMemoryBytes,
      maxAnswerLength: MAX_ANSWER_LENGTH,
    };
    this.thread = new Worker(source, {
      eval: true,
      workerData,
      // The parser needs none of the server's secrets and none of its flags.
      env: {},
      execArgv: [],
      // Nothing it prints is of interest. Not read either: a stream that is read keeps the process.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB },
    });
    this.thread.on('message', (answer: ParserAnswer) => this.settle((pending) => pending.resolve(answer)));
    this.thread.on('error', (error) => this.fail(parserCrashed(error)));
    this.exited = new Promise((resolve) => {
      this.thread.once('exit', (code) => {
        this.hasExited = true;
        this.fail(parserCrashed(new Error(`the worker ended with code ${code}`)));
        resolve();
      });
    });
    this.thread.unref();
  }

  /** Whether the thread still takes files. */
  get isUsable(): boolean {
    return this.failure === null;
  }

  /** Whether the thread, and with it its memory, is still there. */
  get isRunning(): boolean {
    return !this.hasExited;
  }

  /** Has the text of one file parsed. @throws Error why the thread has ended, without or during the work */
  parse(content: string): Promise<ParserAnswer> {
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.pending !== null) return Promise.reject(new Error('the parser takes one file at a time'));
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      this.thread.ref();
      this.thread.postMessage(content);
    });
  }

  /** Ends the thread, whatever it does; resolves when it has ended. What is pending is rejected with `reason` at once. */
  async kill(reason: Error): Promise<void> {
    this.fail(reason);
    // Waiting for a thread that is not counted would let the process end before this resolves.
    this.thread.ref();
    await this.thread.terminate();
    await this.exited;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.settle((pending) => pending.reject(error));
  }

  private settle(how: (pending: Pending) => void): void {
    const pending = this.pending;
    if (pending === null) return;
    this.pending = null;
    this.thread.unref();
    how(pending);
  }
}
