import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ID, JSON_TEXT, OPTIONAL_ID, TEXT, TIME, varchar } from '../../database/columns';
import type { LockInfo } from '../domain/lock-info';

/** Whoever works on the state of a deployment's folder. */
@Entity('state_locks')
export class StateLockEntity {
  @ForeignKey('DeploymentEntity', { name: 'fk_state_locks_deployment', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'deployment_id', ...ID, primaryKeyConstraintName: 'pk_state_locks' })
  deploymentId!: string;

  @PrimaryColumn({ ...TEXT, primaryKeyConstraintName: 'pk_state_locks' })
  path!: string;

  /** The tool's own id of the lock. */
  @Column({ name: 'lock_id', ...varchar(1024) })
  lockId!: string;

  /** As the tool sent it. */
  @Column(JSON_TEXT)
  info!: LockInfo;

  /** The run that holds it; null for a person. */
  @Column({ name: 'run_id', ...OPTIONAL_ID })
  runId!: string | null;

  /** Who started the run, or the person. */
  @Column({ name: 'held_by', ...varchar(160) })
  heldBy!: string;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;
}
