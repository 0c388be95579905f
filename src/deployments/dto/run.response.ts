import type { RunnerTool } from '../../../runner/protocol/runner-protocol';
import type { QueuePlace } from '../domain/run-queue';
import type { RunOperation } from '../domain/run-operation';
import type { RunStatus } from '../domain/run-status';
import type { RunEntity } from '../persistence/run.entity';

/** What a run waits for. */
export class WaitingForResponse {
  /**
   * `earlier_run`: another run holds this deployment and path; `capacity`: all runner slots are busy, or others come
   * first; `state_locked`: somebody else works on the state.
   * @example 'earlier_run'
   */
  reason!: 'earlier_run' | 'capacity' | 'state_locked';

  /** The run that is waited for. */
  run_id?: string;

  /**
   * Who holds the lock of the state.
   * @example 'alice (plm_4fTz9Qa1) (apply) since 14:02 UTC'
   */
  held_by?: string;
}

/** One resource a plan would change. */
export class PlannedResourceResponse {
  /** @example 'terraform_data.web[0]' */
  address!: string;

  /** @example 'terraform_data' */
  type!: string;

  /**
   * As in the tool's JSON plan.
   * @example ['create']
   */
  actions!: string[];
}

/** What a plan would do, from the tool's JSON plan. */
export class PlanSummaryResponse {
  /** To be created; a replacement counts here, in `destroy` and in `replace`. */
  add!: number;

  change!: number;

  destroy!: number;

  import!: number;

  replace!: number;

  /** Changes that others made to what the state describes. */
  drift!: number;

  has_changes!: boolean;

  resources!: PlannedResourceResponse[];

  /** True when there are more resources than are listed. */
  resources_truncated?: boolean;
}

/** One key's agreement to the plan. */
export class RunApprovalResponse {
  /** The key's name and prefix. */
  by!: string;

  at!: string;

  comment!: string | null;

  /** The plan that was approved. */
  plan_sha256!: string | null;

  /** The commit that it was made from. */
  commit_sha!: string | null;
}

/** A run, without its logs. */
export class RunResponse {
  id!: string;

  deployment_id!: string;

  /** `apply`, `plan` (plan only), `destroy` or `refresh`. */
  operation!: RunOperation;

  /**
   * Relative to the repository; `.` is its root.
   * @example 'envs/prod'
   */
  path!: string;

  /** Branch, tag or commit; null: the repository's default branch. */
  ref!: string | null;

  /** The commit that was checked out. */
  commit_sha!: string | null;

  tool!: RunnerTool;

  /** As asked for or, once planned, as used. */
  tool_version!: string | null;

  /** Environment of the tool; values of sensitive ones are null. */
  env_vars!: Record<string, string | null>;

  tfvars_files!: string[];

  targets!: string[];

  replace!: string[];

  auto_approve!: boolean;

  /** @example 'awaiting_approval' */
  status!: RunStatus;

  /**
   * Place in the queue, from 1, among those that wait for the same: for a slot in the order they are expected to get
   * one, or for the same folder. Null when the run does not wait there.
   */
  queue_position!: number | null;

  /** Why the run waits; null when it does not. */
  waiting_for!: WaitingForResponse | null;

  /**
   * When a pending run will begin, by what earlier runs took. Null when that cannot be said: the deployment has no
   * earlier runs, or an earlier run waits for somebody to approve it.
   * @example '2026-11-27T14:02:00.000Z'
   */
  estimated_start_at!: string | null;

  plan_summary!: PlanSummaryResponse | null;

  /** SHA-256 of the plan file that would be applied, in hex. */
  plan_sha256!: string | null;

  /** How many different keys must approve the plan; 0: nobody has to; null: there is no plan to approve. */
  approvals_required!: number | null;

  /**
   * Why so many, by the deployment's `approval`.
   * @example 'Two approvals are needed: rule "iam" (the plan changes aws_iam_role.admin).'
   */
  approval_reason!: string | null;

  /** Who has approved so far, in order. */
  approvals!: RunApprovalResponse[];

  /** Exit status of the last command of the tool. */
  exit_code!: number | null;

  /** Why the run failed or was cancelled. */
  error_message!: string | null;

  created_by!: string;

  /** Whose approval was the last that was needed; `auto-approve` or `approval-policy`, where nobody had to. */
  approved_by!: string | null;

  approved_at!: string | null;

  cancelled_by!: string | null;

  created_at!: string;

  started_at!: string | null;

  completed_at!: string | null;
}

/** A run with the ends of its logs. */
export class RunWithLogsResponse extends RunResponse {
  /** The last 1 MiB of the log of `init`; colours (ANSI) kept. */
  init_log!: string;

  /** The last 1 MiB of the log of `plan`. */
  plan_log!: string;

  /** The last 1 MiB of the log of `apply`. */
  apply_log!: string;

  /** True when one of the logs is longer than that; `logs/:phase` has it whole. */
  log_truncated!: boolean;
}

/**
 * @param place what the run waits for; null when for nothing
 * @param estimatedStartAt when a pending run will begin, as it is sent; null when that cannot be said
 */
export function toRunResponse(
  run: RunEntity,
  place: QueuePlace | null,
  estimatedStartAt: string | null = null,
): RunResponse {
  return {
    id: run.id,
    deployment_id: run.deploymentId,
    operation: run.operation,
    path: run.path,
    ref: run.ref,
    commit_sha: run.commitSha,
    tool: run.tool,
    tool_version: run.toolVersion,
    env_vars: { ...run.envVars, ...Object.fromEntries(run.sensitiveEnvNames.map((name) => [name, null])) },
    tfvars_files: run.tfvarsFiles,
    targets: run.targets,
    replace: run.replace,
    auto_approve: run.autoApprove,
    status: run.status,
    queue_position: place?.position ?? null,
    waiting_for: place?.waitingFor ?? null,
    estimated_start_at: estimatedStartAt,
    plan_summary: run.planSummary,
    plan_sha256: run.planSha256,
    approvals_required: approvalsRequiredOf(run),
    approval_reason: run.approvalReason,
    approvals: run.approvals.map(({ by, at, comment, plan_sha256, commit_sha }) => ({
      by,
      at,
      comment,
      plan_sha256,
      commit_sha,
    })),
    exit_code: run.exitCode,
    error_message: run.errorMessage,
    created_by: run.createdBy,
    approved_by: run.approvedBy,
    approved_at: run.approvedAt,
    cancelled_by: run.cancelledBy,
    created_at: run.createdAt,
    started_at: run.startedAt,
    completed_at: run.completedAt,
  };
}

/** A run that waited before policies were there needs one. */
function approvalsRequiredOf({ approvalsRequired, status }: RunEntity): number | null {
  return approvalsRequired ?? (status === 'awaiting_approval' ? 1 : null);
}
