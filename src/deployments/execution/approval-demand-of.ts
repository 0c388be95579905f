import { setImmediate as nextTurn } from 'node:timers/promises';
import { PlanExamination } from '../domain/approval-demand';
import type { ApprovalDemand, ApprovalPolicy, PlannedChanges } from '../domain/approval-policy';

/** Changes that are looked at in one go. */
const GO = 200;

/** What a plan needs by a policy. A plan may have very many changes: others get a turn in between. */
export async function approvalDemandOf(
  policy: ApprovalPolicy,
  { operation, changes }: PlannedChanges,
  autoApprove: boolean,
): Promise<ApprovalDemand> {
  const examination = new PlanExamination(policy, operation);
  for (let from = 0; from < changes.length; from += GO) {
    if (from > 0) await nextTurn();
    examination.look(changes.slice(from, from + GO));
  }
  return examination.demand(autoApprove);
}
