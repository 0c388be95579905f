import type { CallFiles } from './call-files';

/**
 * How the part of a runner in one call ended: its process ended, or could not even be started, or, of one that serves,
 * it has answered and waits for the next call.
 */
export type RunnerEnd = { kind: 'exited'; code: number | null } | { kind: 'failed' } | { kind: 'answered' };

/** A runner that was started, for one call. */
export interface CallRunner {
  readonly pid: number | undefined;
  /** Whether it writes its answer into a file and lives on, as `ServedRequest` says; else it ends with its answer. */
  readonly serves: boolean;
  readonly end: Promise<RunnerEnd>;
  /** Makes sure that what the runner writes comes into the folder of its call. */
  moveTo(files: CallFiles): void;
  /** @param request JSON without a line's end */
  send(request: string): void;
  /**
   * To be called when the call has ended.
   * @param isAsBefore false when anything about the call was odd: then the runner gets no other one
   */
  release(isAsBefore: boolean): void;
}
