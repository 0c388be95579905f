import type { RunnerRequest, RunnerResponse } from '../../runner/protocol/runner-protocol';

/** One call of the runner, before it is started. */
export interface RunnerCall {
  /**
   * Absolute path of an existing folder outside the checkout that belongs to this call alone. Output, answer and
   * process id go there, so that the call can be followed by another server process than the one that started it.
   */
  directory: string;
  request: Omit<RunnerRequest, 'log_file'>;
}

/** How a call ended. */
export type RunnerResult =
  /** The runner answered as the protocol says. */
  | { kind: 'answered'; response: RunnerResponse }
  /** The runner ended with something that is no answer, or contradicts itself. `evidence`: the first 4 KiB of it. */
  | { kind: 'protocol-error'; reason: string; evidence: string }
  /**
   * The runner is gone without an answer and nothing recorded how the tool ended. `mayHaveStarted` is false only when
   * it is certain that the tool never ran.
   */
  | { kind: 'lost'; reason: string; mayHaveStarted: boolean };

/** A call that is under way, or has ended. */
export interface RunnerHandle {
  /** Where the tool's output grows. It may not exist (yet): a foreign runner may know nothing of `log_file`. */
  readonly logFile: string;
  /** Settles when the call has ended; rejects with `ServerStoppingError` when the server stops before. */
  readonly result: Promise<RunnerResult>;
  /** Asks for an end: one interrupt, then a kill after the grace period. With `force`, the kill comes at once. */
  cancel(force: boolean): void;
}

/**
 * The only way to an `iac-runner`. A call is started at most once: `start` on a folder that holds a call already is
 * an error, and `attach` follows what is there. Whoever finds no record in the folder knows that nothing was started.
 *
 * A call with the tool `go` gets a runner of its own that was started with `--tools go`, and waits for its start. All
 * others get one that refuses go. Everything else is the same: record, log, cancel, attach, settle.
 */
export interface RunnerPort {
  start(call: RunnerCall): Promise<RunnerHandle>;
  /** Null when no call was ever started in this folder. */
  attach(directory: string, limits: { timeoutMinutes: number; graceSeconds: number }): Promise<RunnerHandle | null>;
  /**
   * Keeps how a call ended and forgets what it put out, which may hold secrets in clear. Call it when the output was
   * taken in; from then on `attach` gives the result alone.
   */
  settle(directory: string, result: RunnerResult): Promise<void>;
  /** True when a call was started in this folder, whether it has ended or not. */
  isStarted(directory: string): boolean;
  /** Null when a runner can be started; else what is wrong. */
  check(): Promise<string | null>;
}

/** Nest injection token of the port. */
export const RUNNER_PORT = Symbol('RunnerPort');

/** The server stops; the tool goes on, and the next server follows it. */
export class ServerStoppingError extends Error {
  constructor() {
    super('The server is stopping.');
  }
}
