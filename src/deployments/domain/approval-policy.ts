import { matchesAddress } from './address-pattern';
import type { PlannedResource } from './plan-summary';
import type { RunOperation } from './run-operation';

export const MAX_APPROVALS = 10;
export const MAX_RULES = 50;
export const MAX_PATTERNS = 100;

/** What a rule looks at in a plan; all that are given must hold. The names are those of the wire. */
export interface ApprovalConditions {
  /** Whether something is destroyed; a replacement destroys. */
  destroys?: boolean;
  /** Whether each change is a creation and nothing else. */
  only_creates?: boolean;
  /** At most so many resources are changed. */
  max_changes?: number;
  /** At least so many resources are changed. */
  min_changes?: number;
  /** Each changed resource matches one of these patterns. */
  only_addresses?: string[];
  /** A changed resource matches one of these patterns. */
  any_address?: string[];
  operations?: RunOperation[];
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
  /** All resources that an apply would change, each once; of a refresh those whose drift it would take over. */
  resources: PlannedResource[];
}

/** What a plan needs before it is applied. */
export interface ApprovalDemand {
  /** How many different keys must approve; 0: nobody. */
  required: number;
  notByRequester: boolean;
  /** Whether `auto_approve` of the run stands for the one approval. */
  isGivenInAdvance: boolean;
  /** Why, for people. */
  reason: string;
}

/**
 * How many approvals a plan needs. Of the rules that fit it the strictest counts, whatever their order; when none does,
 * the policy's own number. `auto_approve` is the one approval of a policy that asks for no more than one, by anybody;
 * it never stands in for what a rule asks for.
 */
export function approvalDemand(policy: ApprovalPolicy, plan: PlannedChanges, autoApprove: boolean): ApprovalDemand {
  const fitting = policy.rules.filter(({ when }) => fits(when, plan));
  const required = fitting.length > 0 ? Math.max(...fitting.map((rule) => rule.required)) : policy.required;
  const notByRequester = policy.not_by_requester;
  const isGivenInAdvance = required === 1 && fitting.length === 0 && autoApprove && !notByRequester;
  if (isGivenInAdvance) {
    return { required, notByRequester, isGivenInAdvance, reason: 'No approval is needed: the run has auto_approve.' };
  }
  const deciding = fitting.filter((rule) => rule.required === required);
  const why = deciding.length > 0 ? deciding.map((rule) => explain(rule, plan)).join('; ') : 'the deployment says so';
  const notes = [
    `${inWords(required)} needed: ${why}.`,
    ...(required > 0 && notByRequester ? ['Who started the run may not approve it.'] : []),
    ...(required > 0 && autoApprove ? ['auto_approve does not count here.'] : []),
  ];
  return { required, notByRequester, isGivenInAdvance, reason: notes.join(' ') };
}

/** Whether runs are applied without a person when no rule says otherwise: what can be said before there is a plan. */
export function needsNobody(policy: ApprovalPolicy, autoApprove: boolean): boolean {
  return policy.required === 0 || (policy.required === 1 && autoApprove && !policy.not_by_requester);
}

function fits(when: ApprovalConditions, { operation, resources }: PlannedChanges): boolean {
  const matchesOneOf = (patterns: string[]) => (resource: PlannedResource) =>
    patterns.some((pattern) => matchesAddress(pattern, resource.address));
  return (
    (when.destroys === undefined || when.destroys === resources.some(isDestroyed)) &&
    (when.only_creates === undefined || when.only_creates === resources.every(isOnlyCreated)) &&
    (when.max_changes === undefined || resources.length <= when.max_changes) &&
    (when.min_changes === undefined || resources.length >= when.min_changes) &&
    (when.only_addresses === undefined || resources.every(matchesOneOf(when.only_addresses))) &&
    (when.any_address === undefined || resources.some(matchesOneOf(when.any_address))) &&
    (when.operations === undefined || when.operations.includes(operation))
  );
}

function isDestroyed({ actions }: PlannedResource): boolean {
  return actions.includes('delete');
}

function isOnlyCreated({ actions }: PlannedResource): boolean {
  return actions.length === 1 && actions[0] === 'create';
}

function explain({ name, when }: ApprovalRule, { operation, resources }: PlannedChanges): string {
  const facts = [
    ...(when.operations === undefined ? [] : [`is of the operation ${operation}`]),
    ...(when.destroys === undefined
      ? []
      : [when.destroys ? `destroys ${named(resources.filter(isDestroyed))}` : 'destroys nothing']),
    ...(when.only_creates === undefined ? [] : [when.only_creates ? 'only creates' : 'does more than create']),
    ...(when.max_changes === undefined && when.min_changes === undefined
      ? []
      : [`changes ${resources.length} resource${resources.length === 1 ? '' : 's'}`]),
    ...(when.only_addresses === undefined ? [] : ['changes nothing outside of the addresses of the rule']),
    ...(when.any_address === undefined
      ? []
      : [
          `changes ${named(
            resources.filter(({ address }) => when.any_address!.some((pattern) => matchesAddress(pattern, address))),
          )}`,
        ]),
  ];
  return `rule "${name}" (the plan ${facts.join(', ')})`;
}

/** The first of them, and how many more there are. */
function named(resources: PlannedResource[]): string {
  const [first] = resources;
  if (first === undefined) return 'nothing';
  return resources.length === 1 ? first.address : `${first.address} and ${resources.length - 1} more`;
}

function inWords(required: number): string {
  if (required === 0) return 'No approval is';
  if (required === 1) return 'One approval is';
  return `${required === 2 ? 'Two' : required} approvals are`;
}
