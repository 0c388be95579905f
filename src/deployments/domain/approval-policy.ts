import type { PlannedChange } from './plan-summary';
import type { RunOperation } from './run-operation';

export const MAX_APPROVALS = 10;
export const MAX_RULES = 50;
/** Of all rules together: each is held against each changed resource. */
export const MAX_PATTERNS = 100;
export const MAX_PATTERN_STARS = 8;

/** The operations whose plans are applied. */
export const APPROVED_OPERATIONS = ['apply', 'destroy', 'refresh'] as const satisfies RunOperation[];

/** What a rule looks at in a plan; all that are given must hold. The names are those of the wire. */
export interface ApprovalConditions {
  /** Whether something is destroyed; a replacement destroys. */
  destroys?: boolean;
  /** Whether resources are created, and nothing else is done. */
  only_creates?: boolean;
  /** At most so many resources are changed. */
  max_changes?: number;
  /** At least so many resources are changed. */
  min_changes?: number;
  /** Resources are changed, and each of them matches one of these patterns, also where it was before a move. */
  only_addresses?: string[];
  /** A changed resource matches one of these patterns, by its address or by that of before a move. */
  any_address?: string[];
  operations?: (typeof APPROVED_OPERATIONS)[number][];
}

/** Says how many approvals the plans need that it fits. */
export interface ApprovalRule {
  name: string;
  required: number;
  when: ApprovalConditions;
}

/** Who must agree before a plan of a deployment is applied. */
export interface ApprovalPolicy {
  /** How many different keys must approve a plan that no rule fits. */
  required: number;
  /** Whether who started a run is nobody who may approve it. */
  not_by_requester: boolean;
  rules: ApprovalRule[];
}

/** Of deployments that say nothing: one approval, by anybody who may write. */
export const DEFAULT_APPROVAL_POLICY: ApprovalPolicy = { required: 1, not_by_requester: false, rules: [] };

/** What the rules look at. */
export interface PlannedChanges {
  operation: RunOperation;
  /** All that an apply would change; of a refresh also that whose drift it would take over. */
  changes: PlannedChange[];
}

/** What a plan needs before it is applied. */
export interface ApprovalDemand {
  /** How many different keys must approve; 0: nobody. */
  required: number;
  notByRequester: boolean;
  /** Whether `auto_approve` of the run stands for the one approval. */
  isGivenInAdvance: boolean;
  /** Why, for people. It holds addresses. */
  reason: string;
}

/** Whether runs are applied without a person when no rule says otherwise: what can be said before there is a plan. */
export function needsNobody(policy: Omit<ApprovalPolicy, 'rules'>, autoApprove: boolean): boolean {
  return policy.required === 0 || (policy.required === 1 && autoApprove && !policy.not_by_requester);
}
