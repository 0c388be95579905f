import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import {
  ID,
  INTEGER,
  JSON_TEXT,
  OPTIONAL_JSON,
  OPTIONAL_TEXT,
  OPTIONAL_TIME,
  optionalVarchar,
  TIME,
  varchar,
} from '../../database/columns';
import type { BuildEvidence, BuildPlatform } from '../domain/build-record';
import type { BuildStatus } from '../domain/build-status';

@Entity('builds')
@Index('uq_builds_seq', ['seq'], { unique: true })
@Index('ix_builds_version', ['versionId', 'seq'])
@Index('ix_builds_status', ['status', 'seq'])
@Index('uq_builds_active', ['versionId'], { unique: true, where: `status IN ('queued', 'building')` })
export class BuildEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_builds' })
  id!: string;

  /** The order of the queue. */
  @Column(INTEGER)
  seq!: number;

  @ForeignKey('ProviderVersionEntity', { name: 'fk_builds_version', onDelete: 'CASCADE' })
  @Column({ name: 'version_id', ...ID })
  versionId!: string;

  @Column(varchar(16))
  status!: BuildStatus;

  @Column(JSON_TEXT)
  platforms!: BuildPlatform[];

  /** Whether the version is published when the build succeeds. */
  @Column({ type: 'boolean' })
  publish!: boolean;

  @Column({ name: 'commit_sha', ...optionalVarchar(64) })
  commitSha!: string | null;

  @Column({ name: 'go_version', ...optionalVarchar(64) })
  goVersion!: string | null;

  @Column(OPTIONAL_JSON)
  evidence!: BuildEvidence | null;

  @Column({ name: 'error_message', ...OPTIONAL_TEXT })
  errorMessage!: string | null;

  /** How often it was begun; a restart of the server begins it anew. */
  @Column(INTEGER)
  attempt!: number;

  /** The number of its last event. */
  @Column({ name: 'event_seq', ...INTEGER })
  eventSeq!: number;

  @Column({ name: 'created_by', ...varchar(160) })
  createdBy!: string;

  @Column({ name: 'cancelled_by', ...optionalVarchar(160) })
  cancelledBy!: string | null;

  @Column({ name: 'cancel_requested_at', ...OPTIONAL_TIME })
  cancelRequestedAt!: string | null;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'started_at', ...OPTIONAL_TIME })
  startedAt!: string | null;

  @Column({ name: 'completed_at', ...OPTIONAL_TIME })
  completedAt!: string | null;
}
