import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import {
  ID,
  INTEGER,
  JSON_TEXT,
  OPTIONAL_INTEGER,
  OPTIONAL_JSON,
  OPTIONAL_TEXT,
  OPTIONAL_TIME,
  TEXT,
  TIME,
  optionalVarchar,
  varchar,
} from '../../database/columns';
import type { RunnerTool } from '../../../runner/protocol/runner-protocol';
import type { PlanApproval } from '../domain/plan-approvals';
import type { PlanSummary } from '../domain/plan-summary';
import type { RunOperation } from '../domain/run-operation';
import type { RunStatus } from '../domain/run-status';

/** `status` is written by `RunRepository.move` alone, as a compare-and-set. */
@Entity('runs')
@Index('uq_runs_seq', ['seq'], { unique: true })
@Index('ix_runs_deployment', ['deploymentId', 'seq'])
@Index('ix_runs_deployment_path', ['deploymentId', 'path', 'seq'])
@Index('ix_runs_deployment_status', ['deploymentId', 'status', 'seq'])
@Index('ix_runs_deployment_path_status', ['deploymentId', 'path', 'status', 'seq'])
@Index('ix_runs_namespace', ['namespaceId', 'seq'])
@Index('ix_runs_namespace_status', ['namespaceId', 'status', 'seq'])
@Index('ix_runs_status', ['status', 'seq'])
@Index('uq_runs_path_holder', ['deploymentId', 'path'], {
  unique: true,
  where: `operation <> 'plan' AND status IN ('initializing', 'planning', 'awaiting_approval', 'applying')`,
})
export class RunEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_runs' })
  id!: string;

  /** Order of creation over all runs: the queue's order, and that of lists. */
  @Column(INTEGER)
  seq!: number;

  @ForeignKey('DeploymentEntity', { name: 'fk_runs_deployment', onDelete: 'CASCADE' })
  @Column({ name: 'deployment_id', ...ID })
  deploymentId!: string;

  /** Of its deployment, which never changes it: lists of a namespace go by it. */
  @Column({ name: 'namespace_id', ...ID, default: '' })
  namespaceId!: string;

  @Column(varchar(16))
  operation!: RunOperation;

  @Column(TEXT)
  path!: string;

  @Column(optionalVarchar(255))
  ref!: string | null;

  @Column({ name: 'commit_sha', ...optionalVarchar(64) })
  commitSha!: string | null;

  @Column(varchar(16))
  tool!: RunnerTool;

  /** The version that was asked for; null: whichever the runner finds. */
  @Column({ name: 'requested_tool_version', ...optionalVarchar(64) })
  requestedToolVersion!: string | null;

  /** The version that was asked for or, once planned, used. */
  @Column({ name: 'tool_version', ...optionalVarchar(64) })
  toolVersion!: string | null;

  @Column({ name: 'env_vars', ...JSON_TEXT })
  envVars!: Record<string, string>;

  /** Encrypted JSON object of names and values; null when there are none. */
  @Column({ name: 'sensitive_env_vars', ...OPTIONAL_TEXT })
  sensitiveEnvVars!: string | null;

  /** Names alone, so that an answer can list them without the key. */
  @Column({ name: 'sensitive_env_names', ...JSON_TEXT })
  sensitiveEnvNames!: string[];

  @Column({ name: 'tfvars_files', ...JSON_TEXT })
  tfvarsFiles!: string[];

  @Column(JSON_TEXT)
  targets!: string[];

  @Column(JSON_TEXT)
  replace!: string[];

  @Column({ name: 'auto_approve', type: 'boolean' })
  autoApprove!: boolean;

  @Column({ name: 'timeout_minutes', type: 'float' })
  timeoutMinutes!: number;

  @Column(varchar(20))
  status!: RunStatus;

  @Column({ name: 'plan_summary', ...OPTIONAL_JSON })
  planSummary!: PlanSummary | null;

  @Column({ name: 'plan_sha256', ...optionalVarchar(64) })
  planSha256!: string | null;

  @Column({ name: 'exit_code', ...OPTIONAL_INTEGER })
  exitCode!: number | null;

  @Column({ name: 'error_message', ...OPTIONAL_TEXT })
  errorMessage!: string | null;

  @Column({ name: 'created_by', ...varchar(160) })
  createdBy!: string;

  /** Null: of a run that is older than this column. */
  @Column({ name: 'created_by_key_id', ...optionalVarchar(64) })
  createdByKeyId!: string | null;

  /** What the environment of the plan was, as `RunInputs` tells it from another; null: not planned, or an old run. */
  @Column({ name: 'planned_environment', ...OPTIONAL_JSON })
  plannedEnvironment!: Record<string, string> | null;

  /** How many keys must approve the plan, as its deployment asked for when it was made; null before, and in old runs. */
  @Column({ name: 'approvals_required', ...OPTIONAL_INTEGER })
  approvalsRequired!: number | null;

  @Column({ name: 'approvals_not_by_requester', type: 'boolean', default: false })
  approvalsNotByRequester!: boolean;

  /** Why so many, for people. */
  @Column({ name: 'approval_reason', ...OPTIONAL_TEXT })
  approvalReason!: string | null;

  /** In their order. */
  @Column({ ...JSON_TEXT, default: '[]' })
  approvals!: PlanApproval[];

  /** Whose approval was the last that was needed. */
  @Column({ name: 'approved_by', ...optionalVarchar(160) })
  approvedBy!: string | null;

  @Column({ name: 'approved_at', ...OPTIONAL_TIME })
  approvedAt!: string | null;

  @Column({ name: 'cancelled_by', ...optionalVarchar(160) })
  cancelledBy!: string | null;

  /** Set by a cancel request on a run at work; the run ends when its processes have. */
  @Column({ name: 'cancel_requested_at', ...OPTIONAL_TIME })
  cancelRequestedAt!: string | null;

  @Column({ name: 'cancel_force', type: 'boolean' })
  cancelForce!: boolean;

  /** How often the work before the approval was begun: 2 after a retry. */
  @Column(INTEGER)
  attempt!: number;

  /** The last number given to an event of this run. */
  @Column({ name: 'event_seq', ...INTEGER })
  eventSeq!: number;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'started_at', ...OPTIONAL_TIME })
  startedAt!: string | null;

  /** Since when the run waits for approval. */
  @Column({ name: 'planned_at', ...OPTIONAL_TIME })
  plannedAt!: string | null;

  @Column({ name: 'completed_at', ...OPTIONAL_TIME })
  completedAt!: string | null;
}
