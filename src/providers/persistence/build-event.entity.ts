import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { BLOB, ID, INTEGER, OPTIONAL_INTEGER, optionalVarchar, TIME, varchar } from '../../database/columns';

/** One thing a reader of a build sees, in the order of `seq`: a piece of log, a change of status, the end. */
@Entity('build_events')
@Index('ix_build_events_log', ['buildId', 'phase', 'offset'])
export class BuildEventEntity {
  @ForeignKey('BuildEntity', { name: 'fk_build_events_build', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'build_id', ...ID, primaryKeyConstraintName: 'pk_build_events' })
  buildId!: string;

  @PrimaryColumn({ ...INTEGER, primaryKeyConstraintName: 'pk_build_events' })
  seq!: number;

  @Column(varchar(8))
  kind!: 'log' | 'status' | 'end';

  @Column(optionalVarchar(8))
  phase!: string | null;

  /** Where the piece begins in the log, in bytes. */
  @Column(OPTIONAL_INTEGER)
  offset!: number | null;

  @Column(OPTIONAL_INTEGER)
  size!: number | null;

  @Column({ name: 'source_end', ...OPTIONAL_INTEGER })
  sourceEnd!: number | null;

  @Column(BLOB)
  data!: Buffer;

  @Column(TIME)
  at!: string;
}
