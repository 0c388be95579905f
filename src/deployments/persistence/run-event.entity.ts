import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { BLOB, ID, INTEGER, OPTIONAL_INTEGER, TIME, optionalVarchar, varchar } from '../../database/columns';
import type { LogEvent } from '../../live-logs/log-event';
import type { LogPhase } from '../domain/log-phase';

/**
 * One thing a reader of a run sees, in the order of `seq`: a piece of log, a change of status, the end.
 * Numbers are given inside the transaction that stores the row, so a higher one is never visible before a lower one.
 */
@Entity('run_events')
@Index('ix_run_events_log', ['runId', 'phase', 'offset'])
export class RunEventEntity implements LogEvent {
  @ForeignKey('RunEntity', { name: 'fk_run_events_run', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'run_id', ...ID, primaryKeyConstraintName: 'pk_run_events' })
  runId!: string;

  @PrimaryColumn({ ...INTEGER, primaryKeyConstraintName: 'pk_run_events' })
  seq!: number;

  @Column(varchar(8))
  kind!: 'log' | 'status' | 'end';

  /** Of a piece of log. */
  @Column(optionalVarchar(8))
  phase!: LogPhase | null;

  /** Where the piece begins in the log of its phase, in bytes. */
  @Column(OPTIONAL_INTEGER)
  offset!: number | null;

  /** Length of the piece in bytes. */
  @Column(OPTIONAL_INTEGER)
  size!: number | null;

  /** How far the tool's own output is taken in with this piece, in bytes: where to go on after a restart. */
  @Column({ name: 'source_end', ...OPTIONAL_INTEGER })
  sourceEnd!: number | null;

  /** Of which attempt at the run the tool's output is: each writes its own from the beginning. */
  @Column({ ...INTEGER, default: 1 })
  attempt!: number;

  /** The masked bytes of a piece of log, or the JSON of a run. */
  @Column(BLOB)
  data!: Buffer;

  @Column(TIME)
  at!: string;
}
