import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, OPTIONAL_TEXT, TIME, optionalVarchar, varchar } from '../../database/columns';
import type { RunStatus } from '../domain/run-status';

/** The append-only history of a run's status. */
@Entity('run_transitions')
@Index('ix_run_transitions_run', ['runId', 'at'])
export class RunTransitionEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_run_transitions' })
  id!: string;

  @ForeignKey('RunEntity', { name: 'fk_run_transitions_run', onDelete: 'CASCADE' })
  @Column({ name: 'run_id', ...ID })
  runId!: string;

  /** Null for the creation. */
  @Column({ name: 'from_status', ...optionalVarchar(20) })
  fromStatus!: RunStatus | null;

  @Column({ name: 'to_status', ...varchar(20) })
  toStatus!: RunStatus;

  @Column(varchar(160))
  actor!: string;

  @Column(OPTIONAL_TEXT)
  reason!: string | null;

  @Column(TIME)
  at!: string;
}
