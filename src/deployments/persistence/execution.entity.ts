import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, JSON_TEXT, OPTIONAL_INTEGER, OPTIONAL_TIME, TIME, optionalVarchar, varchar } from '../../database/columns';
import type { RunnerCommand, RunnerTool } from '../../../runner/protocol/runner-protocol';
import type { LogPhase } from '../domain/log-phase';

/** The audit of one call of the runner: what was started, for whom, and how it ended. Never a value of a variable. */
@Entity('executions')
@Index('ix_executions_run', ['runId', 'startedAt'])
export class ExecutionEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_executions' })
  id!: string;

  @ForeignKey('RunEntity', { name: 'fk_executions_run', onDelete: 'CASCADE' })
  @Column({ name: 'run_id', ...ID })
  runId!: string;

  @Column(varchar(8))
  phase!: LogPhase;

  @Column(varchar(16))
  tool!: RunnerTool;

  @Column(varchar(16))
  command!: RunnerCommand;

  @Column(JSON_TEXT)
  args!: string[];

  @Column({ name: 'env_names', ...JSON_TEXT })
  envNames!: string[];

  @Column({ name: 'exit_code', ...OPTIONAL_INTEGER })
  exitCode!: number | null;

  @Column({ name: 'started_at', ...TIME })
  startedAt!: string;

  @Column({ name: 'ended_at', ...OPTIONAL_TIME })
  endedAt!: string | null;

  /** Of the start of the machine that the call was made in; null where that cannot be told. Not sent. */
  @Column({ name: 'boot_id', ...optionalVarchar(64) })
  bootId!: string | null;

  @Column({ name: 'requested_by', ...varchar(160) })
  requestedBy!: string;
}
