import type { LogEvent } from './log-event';

/** Where the events of one kind of subject are kept: what readers ask of it. It sees what is committed, nothing else. */
export interface EventStore<Phase extends string = string> {
  /** What a reader that has seen everything up to `seq` has not, oldest first, at most `limit` of them. */
  findAfter(subjectId: string, seq: number, limit: number): Promise<LogEvent[]>;

  /** Length of the log of a phase in bytes; 0 for what is not there. */
  findLogSize(subjectId: string, phase: Phase): Promise<number>;

  /** The pieces of a log that hold any byte of `from` to `to` (exclusive), in order, at most `limit` of them. */
  findLogPieces(subjectId: string, phase: Phase, from: number, to: number, limit: number): Promise<LogEvent[]>;
}
