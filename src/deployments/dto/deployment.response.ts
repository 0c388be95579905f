import type { RunnerTool } from '../../../runner/protocol/runner-protocol';
import type { StateBackend } from '../domain/deployment-rules';
import { approvalPolicyOf } from '../persistence/approval-columns';
import type { DeploymentEntity } from '../persistence/deployment.entity';
import { RunResponse } from './run.response';

/** What a rule looks at in a plan; all that are given must hold. */
export class ApprovalConditionsResponse {
  /** Whether something is destroyed; a replacement destroys. */
  destroys?: boolean;

  /** Whether each change is a creation and nothing else. */
  only_creates?: boolean;

  max_changes?: number;

  min_changes?: number;

  /** Each changed resource matches one of these patterns. */
  only_addresses?: string[];

  /** A changed resource matches one of these patterns. */
  any_address?: string[];

  operations?: ('apply' | 'destroy' | 'refresh')[];
}

export class ApprovalRuleResponse {
  name!: string;

  /** How many keys must approve the plans that fit. */
  required!: number;

  when!: ApprovalConditionsResponse;
}

/** Who must agree before a plan is applied. */
export class ApprovalPolicyResponse {
  /** How many different keys must approve a plan that no rule fits. */
  required!: number;

  /** Whether the key that started a run may not approve it. */
  not_by_requester!: boolean;

  /** Of those that fit a plan the strictest counts. */
  rules!: ApprovalRuleResponse[];
}

/** A Git repository that is planned and applied. */
export class DeploymentResponse {
  id!: string;

  namespace_id!: string;

  /** Name of the namespace. */
  namespace!: string;

  /** @example 'network-prod' */
  name!: string;

  description!: string;

  /** @example 'https://git.example.com/infra/network.git' */
  git_url!: string;

  /** Null: the repository's default branch. */
  default_ref!: string | null;

  /**
   * Relative to the repository; `.` is its root.
   * @example 'envs/prod'
   */
  working_directory!: string;

  tool!: RunnerTool;

  tool_version!: string | null;

  auto_approve!: boolean;

  approval!: ApprovalPolicyResponse;

  /** Who keeps the state: the platform (`managed`), or the configuration's own backend (`none`). */
  state_backend!: StateBackend;

  /** The pool of runners that works for it; null: the server's own. */
  runner_pool!: string | null;

  last_run!: RunResponse | null;

  created_at!: string;

  updated_at!: string;
}

export function toDeploymentResponse(
  deployment: DeploymentEntity,
  namespace: string,
  lastRun: RunResponse | null,
): DeploymentResponse {
  return {
    id: deployment.id,
    namespace_id: deployment.namespaceId,
    namespace,
    name: deployment.name,
    description: deployment.description,
    git_url: deployment.gitUrl,
    default_ref: deployment.defaultRef,
    working_directory: deployment.workingDirectory,
    tool: deployment.tool,
    tool_version: deployment.toolVersion,
    auto_approve: deployment.autoApprove,
    approval: approvalPolicyOf(deployment),
    state_backend: deployment.stateBackend,
    runner_pool: null,
    last_run: lastRun,
    created_at: deployment.createdAt,
    updated_at: deployment.updatedAt,
  };
}
