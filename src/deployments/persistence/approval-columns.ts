import { isDeepStrictEqual } from 'node:util';
import { type ApprovalPolicy, DEFAULT_APPROVAL_POLICY } from '../domain/approval-policy';
import type { DeploymentEntity } from './deployment.entity';

type ApprovalColumns = Pick<DeploymentEntity, 'approvalRequired' | 'approvalNotByRequester' | 'approvalRules'>;

/** The policy of a deployment. */
export function approvalPolicyOf(deployment: ApprovalColumns): ApprovalPolicy {
  return {
    required: deployment.approvalRequired,
    not_by_requester: deployment.approvalNotByRequester,
    rules: deployment.approvalRules,
  };
}

/** A policy as the columns of a deployment. */
export function approvalColumns(policy: ApprovalPolicy): ApprovalColumns {
  return {
    approvalRequired: policy.required,
    approvalNotByRequester: policy.not_by_requester,
    approvalRules: policy.rules,
  };
}

/** Whether a deployment has another policy than the one of those that say nothing. */
export function hasApprovalPolicy(deployment: ApprovalColumns): boolean {
  return !isDeepStrictEqual(approvalPolicyOf(deployment), DEFAULT_APPROVAL_POLICY);
}
