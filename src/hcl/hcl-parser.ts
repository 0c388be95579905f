import { moduleTooComplex, parserStopped } from './module-interface.errors';
import { ParserWorker } from './parser-worker';
import { PARSER_WORKER_SOURCE } from './parser-worker-source';
import { describeParserError } from './parser-messages';

export interface HclParserOptions {
  /** How long one module may take, waiting for its turn not counted. */
  moduleTimeoutMs: number;
  /** How long one file may take: the parser's time grows with the square of the lines of a heredoc, for one. */
  fileTimeoutMs: number;
  /** How long the worker stays when there is nothing to do. */
  idleMs: number;
  /** How much memory the parser itself may take. */
  maxMemoryBytes: number;
  /** JavaScript of the worker; another one in tests. */
  workerSource: string;
}

const DEFAULTS: HclParserOptions = {
  moduleTimeoutMs: 15_000,
  fileTimeoutMs: 5_000,
  idleMs: 5_000,
  maxMemoryBytes: 512 * 1024 * 1024,
  workerSource: PARSER_WORKER_SOURCE,
};

/** The content of a file in the JSON form of hcl2json, or what is wrong with the file. */
export type ParsedFile = { body: unknown } | { problem: string };
export type ParseFile = (content: string) => Promise<ParsedFile>;

/**
 * Parses HCL in a thread of its own: the first call takes a third of a second, the parser more than 100 MB, and the
 * files may be made to break it. The thread is started when it is needed and ended when it has been idle for a while.
 * One module is worked on at a time; the others wait for their turn.
 */
export class HclParser {
  private readonly options: HclParserOptions;
  private worker: ParserWorker | null = null;
  private lastTurn: Promise<void> = Promise.resolve();
  private idleTimer: NodeJS.Timeout | undefined;
  private interrupt: ((error: Error) => void) | null = null;
  private isClosed = false;

  constructor(options: Partial<HclParserOptions> = {}) {
    this.options = { ...DEFAULTS, ...options };
  }

  /** Whether there is a thread, which is what costs memory. */
  get isRunning(): boolean {
    return this.worker?.isRunning ?? false;
  }

  /**
   * Gives `work` the parser for itself, for all files of one module. A file that cannot be parsed is an answer to it.
   * @throws ModuleInterfaceError when it takes too long, when the worker dies, and after `close`; the next call begins
   * with a fresh worker. Rejects with whatever `work` rejects with.
   */
  run<T>(work: (parse: ParseFile) => Promise<T>): Promise<T> {
    const turn = this.lastTurn.then(() => this.takeTurn(work));
    this.lastTurn = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** Rejects what is worked on and what waits, and ends the thread. Nothing can be parsed afterwards. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idleTimer);
    this.interrupt?.(parserStopped());
    await this.lastTurn;
    await this.endWorker(parserStopped());
  }

  private async takeTurn<T>(work: (parse: ParseFile) => Promise<T>): Promise<T> {
    if (this.isClosed) throw parserStopped();
    clearTimeout(this.idleTimer);
    const interrupted = new Promise<never>((_resolve, reject) => (this.interrupt = reject));
    const { moduleTimeoutMs } = this.options;
    const timeout = setTimeout(() => this.interrupt?.(moduleTooComplex(moduleTimeoutMs)), moduleTimeoutMs);
    let stopped: Error | null = null;
    const parse: ParseFile = (content) => (stopped ? Promise.reject(stopped) : this.parse(content));
    // `work` cannot be stopped from outside, but without a parser it does not get far.
    const ended = interrupted.catch(async (error: Error) => {
      stopped = error;
      await this.endWorker(error);
      throw error;
    });
    try {
      return await Promise.race([work(parse), ended]);
    } finally {
      clearTimeout(timeout);
      // The next module does not begin while the old thread still holds its memory.
      if (stopped) await ended.catch(() => undefined);
      stopped ??= parserStopped();
      this.interrupt = null;
      if (!this.isClosed) this.idleTimer = setTimeout(() => this.endIdleWorker(), this.options.idleMs).unref();
    }
  }

  private async parse(content: string): Promise<ParsedFile> {
    const worker = await this.usableWorker();
    const slow = new Error('takes too long to be parsed');
    const timeout = setTimeout(() => void worker.kill(slow), this.options.fileTimeoutMs);
    try {
      const answer = await worker.parse(content);
      if ('json' in answer) return { body: JSON.parse(answer.json) };
      if ('error' in answer) return { problem: describeParserError(answer.error) };
      await worker.kill(new Error(answer.fatal));
      return { problem: answer.fatal };
    } catch (error) {
      if (error !== slow) throw error;
      await worker.kill(slow);
      return { problem: slow.message };
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Starting is paid for by the module, not by the first file, which is not to blame for it. */
  private async usableWorker(): Promise<ParserWorker> {
    if (this.worker?.isUsable) return this.worker;
    const worker = new ParserWorker(this.options.workerSource, this.options.maxMemoryBytes);
    this.worker = worker;
    await worker.parse('');
    return worker;
  }

  private endIdleWorker(): void {
    // Nobody waits for it, and a thread that is ended does not fail to end.
    void this.endWorker(new Error('the worker was idle'));
  }

  /** The worker stays known until it is gone, so that `isRunning` tells the truth. */
  private async endWorker(reason: Error): Promise<void> {
    await this.worker?.kill(reason);
  }
}
