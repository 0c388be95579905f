import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit';
import { Clock } from '../../common/clock';
import { maskText } from '../../common/secrets/secret-masker';
import type { SecretPatterns } from '../../common/secrets/secret-patterns';
import type { Transaction } from '../../database/transaction';
import { type ApprovalPolicy, DEFAULT_APPROVAL_POLICY } from '../domain/approval-policy';
import { isPlanOnly } from '../domain/run-operation';
import { approvalPolicyOf } from '../persistence/approval-columns';
import { DeploymentRepository } from '../persistence/deployment.repository';
import type { RunEntity } from '../persistence/run.entity';
import type { RunChanges } from '../persistence/run.repository';
import { runEvent } from '../run-audit';
import type { Move } from '../run-journal.service';
import { approvalDemandOf } from './approval-demand-of';
import type { ReadPlan } from './plan-reader';

/** Recorded as who approved, where nobody had to. */
const AUTO_APPROVE = 'auto-approve';
const APPROVAL_POLICY = 'approval-policy';

/** What becomes of a run that was planned. */
export interface PlanOutcome {
  move: Omit<Move, 'cause' | 'actor'>;
  /** To be done in the unit of the move. @throws ApprovalPolicyChangedError */
  inSameUnit: (transaction: Transaction) => Promise<void>;
}

/** The policy was changed while it was applied to the plan: look again. */
export class ApprovalPolicyChangedError extends Error {}

/** Says what becomes of a run that was planned: its end, an approval, or the apply. */
@Injectable()
export class PlanOutcomes {
  constructor(
    private readonly deployments: DeploymentRepository,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** @param changes what is recorded of the plan in any case */
  async of(run: RunEntity, plan: ReadPlan, changes: RunChanges, patterns: SecretPatterns): Promise<PlanOutcome> {
    const nothing = (): Promise<void> => Promise.resolve();
    if (isPlanOnly(run.operation)) return { move: { to: 'success', changes }, inSameUnit: nothing };
    if (!plan.summary.has_changes) {
      const approvalReason = 'No approval is needed: nothing would change.';
      return { move: { to: 'success', changes: { ...changes, approvalReason } }, inSameUnit: nothing };
    }
    const policy = await this.policyOf(run);
    const demand = await approvalDemandOf(policy, { operation: run.operation, changes: plan.changes }, run.autoApprove);
    // The key of an instance may be a secret, and the reason names addresses.
    const reason = maskText(patterns, demand.reason);
    const demanded: RunChanges = {
      ...changes,
      approvalsRequired: demand.isGivenInAdvance ? 0 : demand.required,
      approvalsNotByRequester: demand.notByRequester,
      approvalReason: reason,
    };
    const now = this.clock.timestamp();
    const assertPolicy = async (): Promise<void> => {
      // Who has made it stricter meanwhile, and was told so, wants it so for this plan too.
      if (!isDeepStrictEqual(await this.policyOf(run), policy)) throw new ApprovalPolicyChangedError();
    };
    if (demand.required > 0 && !demand.isGivenInAdvance) {
      const move = { to: 'awaiting_approval' as const, reason, changes: { ...demanded, plannedAt: now } };
      return { move, inSameUnit: assertPolicy };
    }
    const approvedBy = demand.isGivenInAdvance ? AUTO_APPROVE : APPROVAL_POLICY;
    return {
      move: {
        to: 'applying',
        reason: demand.isGivenInAdvance ? 'auto-approved' : reason,
        changes: { ...demanded, approvedBy, approvedAt: now },
      },
      inSameUnit: async (transaction) => {
        await assertPolicy();
        await this.record(transaction, run, approvedBy, { ...changes, approvalReason: reason });
      },
    };
  }

  /** What nobody was asked about is in the audit trail as what somebody approved is. */
  private async record(
    transaction: Transaction,
    run: RunEntity,
    approvedBy: string,
    { planSha256, approvalReason }: RunChanges,
  ): Promise<void> {
    const deployment = await this.deployments.findById(run.deploymentId);
    if (!deployment) return;
    const details = { plan_sha256: planSha256, commit_sha: run.commitSha, reason: approvalReason };
    await this.audit.record(transaction, runEvent({ label: approvedBy }, 'run.approve', deployment, run.id, details));
  }

  private async policyOf(run: RunEntity): Promise<ApprovalPolicy> {
    const deployment = await this.deployments.findById(run.deploymentId);
    return deployment ? approvalPolicyOf(deployment) : DEFAULT_APPROVAL_POLICY;
  }
}
