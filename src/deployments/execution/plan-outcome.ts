import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { approvalDemand, DEFAULT_APPROVAL_POLICY } from '../domain/approval-policy';
import { isPlanOnly } from '../domain/run-operation';
import { DeploymentRepository } from '../persistence/deployment.repository';
import type { RunEntity } from '../persistence/run.entity';
import type { RunChanges } from '../persistence/run.repository';
import type { Move } from '../run-journal.service';
import type { ReadPlan } from './plan-reader';

/** Recorded as who approved, where nobody had to. */
const AUTO_APPROVE = 'auto-approve';
const APPROVAL_POLICY = 'approval-policy';

/** Says what becomes of a run that was planned: its end, an approval, or the apply. */
@Injectable()
export class PlanOutcomes {
  constructor(
    private readonly deployments: DeploymentRepository,
    private readonly clock: Clock,
  ) {}

  /** @param changes what is recorded of the plan in any case */
  async of(run: RunEntity, plan: ReadPlan, changes: RunChanges): Promise<Omit<Move, 'cause' | 'actor'>> {
    if (isPlanOnly(run.operation)) return { to: 'success', changes };
    if (!plan.summary.has_changes) {
      return { to: 'success', changes: { ...changes, approvalReason: 'No approval is needed: nothing would change.' } };
    }
    // As it is now: who has made it stricter meanwhile wants it so for this plan too.
    const deployment = await this.deployments.findById(run.deploymentId);
    const demand = approvalDemand(
      deployment?.approval ?? DEFAULT_APPROVAL_POLICY,
      { operation: run.operation, resources: plan.resources },
      run.autoApprove,
    );
    const demanded: RunChanges = {
      ...changes,
      approvalsRequired: demand.isGivenInAdvance ? 0 : demand.required,
      approvalsNotByRequester: demand.notByRequester,
      approvalReason: demand.reason,
    };
    const now = this.clock.timestamp();
    if (demand.required > 0 && !demand.isGivenInAdvance) {
      return { to: 'awaiting_approval', reason: demand.reason, changes: { ...demanded, plannedAt: now } };
    }
    return {
      to: 'applying',
      reason: demand.isGivenInAdvance ? 'auto-approved' : demand.reason,
      changes: {
        ...demanded,
        approvedBy: demand.isGivenInAdvance ? AUTO_APPROVE : APPROVAL_POLICY,
        approvedAt: now,
      },
    };
  }
}
