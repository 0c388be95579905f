import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, INTEGER, OPTIONAL_ID, OPTIONAL_INTEGER, TEXT, TIME, varchar } from '../../database/columns';

/** One accepted state of a deployment's folder. Nothing of it ever changes. */
@Entity('state_versions')
@Index('uq_state_versions_seq', ['deploymentId', 'path', 'seq'], { unique: true })
@Index('ix_state_versions_blob', ['blobSha256'])
export class StateVersionEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_state_versions' })
  id!: string;

  @ForeignKey('DeploymentEntity', { name: 'fk_state_versions_deployment', onDelete: 'CASCADE' })
  @Column({ name: 'deployment_id', ...ID })
  deploymentId!: string;

  /** The folder whose state it is, normalized. */
  @Column(TEXT)
  path!: string;

  /** Grows with each version of the folder: what is newest is decided by it alone. */
  @Column(INTEGER)
  seq!: number;

  /** As the tool counts. Grows within a lineage; another one may begin lower. */
  @Column(INTEGER)
  serial!: number;

  @Column(varchar(128))
  lineage!: string;

  /** Of the state as the tool sent it, in hex. */
  @Column(varchar(64))
  sha256!: string;

  @Column({ name: 'size_bytes', ...INTEGER })
  sizeBytes!: number;

  /** Of the encrypted state: where it is in the artefact store. */
  @Column({ name: 'blob_sha256', ...varchar(64) })
  blobSha256!: string;

  /** How many resource instances it holds; null when that cannot be seen. */
  @Column({ name: 'resource_count', ...OPTIONAL_INTEGER })
  resourceCount!: number | null;

  /** The run that wrote it; null for a person. The run may be gone. */
  @Column({ name: 'run_id', ...OPTIONAL_ID })
  runId!: string | null;

  @Column({ name: 'created_by', ...varchar(160) })
  createdBy!: string;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;
}
