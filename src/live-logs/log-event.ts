/**
 * One thing a reader sees of a subject (a run, a build), in the order of `seq`: a piece of log, a change of status, the
 * end. Each subject has one sequence of its own. Numbers are given inside the transaction that stores the event, so a
 * higher one is never visible before a lower one.
 */
export interface LogEvent {
  seq: number;
  kind: 'log' | 'status' | 'end';
  /** Of a piece of log. */
  phase: string | null;
  /** Where the piece begins in the log of its phase, in bytes. */
  offset: number | null;
  /** Length of the piece in bytes. */
  size: number | null;
  /** How far the writer's own output is taken in with this piece, in bytes: where to go on after a restart. */
  sourceEnd: number | null;
  /** The masked bytes of a piece of log, in whole characters of UTF-8; or JSON in one line, sent as it is. */
  data: Buffer;
}

/** A piece of log on its way to be stored, masked and cut at a character. */
export interface LogPiece<Phase extends string = string> {
  phase: Phase;
  offset: number;
  data: Buffer;
  sourceEnd: number;
}
