import { ConflictError, DomainError } from '../../common/errors';

/** One key's agreement to one plan. The names are those of the wire, but for `key_id`, which is not sent. */
export interface PlanApproval {
  key_id: string;
  by: string;
  at: string;
  comment: string | null;
  /** What was approved: SHA-256 of the plan file in hex, and the commit that it was made from. */
  plan_sha256: string | null;
  commit_sha: string | null;
}

/** Of a run, what its approvals depend on. */
export interface ApprovedRun {
  createdBy: string;
  /** Null for runs that were started before keys were noted down. */
  createdByKeyId: string | null;
  /** Null: one. */
  approvalsRequired: number | null;
  approvalsNotByRequester: boolean;
  approvals: PlanApproval[];
}

/**
 * @throws DomainError (403) when the key started the run and the policy asks for others; ConflictError when it has
 * approved before
 */
export function assertMayApprove(run: ApprovedRun, actor: { keyId: string; label: string }): void {
  const isRequester = run.createdByKeyId === null ? run.createdBy === actor.label : run.createdByKeyId === actor.keyId;
  if (run.approvalsNotByRequester && isRequester) {
    throw new DomainError(
      'forbidden',
      'approval-by-requester',
      'You started this run, and its deployment asks for the approval of somebody else: use another key than the one that started it.',
    );
  }
  if (run.approvals.some(({ key_id }) => key_id === actor.keyId)) {
    throw new ConflictError(
      'already-approved',
      `You approved this plan already; ${missingApprovals(run)} more must come from other keys.`,
    );
  }
}

/** How many approvals are still to come before the plan is applied. */
export function missingApprovals(run: Pick<ApprovedRun, 'approvals' | 'approvalsRequired'>): number {
  return Math.max(0, (run.approvalsRequired ?? 1) - run.approvals.length);
}
