import { type Actor, permits } from '../common/access/actor';
import { DomainError, InvalidFieldError } from '../common/errors';
import {
  type ApprovalConditions,
  type ApprovalPolicy,
  type ApprovalRule,
  DEFAULT_APPROVAL_POLICY,
  MAX_PATTERN_STARS,
  MAX_PATTERNS,
} from './domain/approval-policy';
import type { ApprovalPolicyRequest } from './dto/approval.request';

/** Of all patterns of a policy together. */
const MAX_PATTERNS_LENGTH = 16_384;

/**
 * The policy that a request gives, with its defaults.
 * @throws InvalidFieldError for a rule that could never fit, or would fit every plan, and for too many patterns
 */
export function readApprovalPolicy(request: ApprovalPolicyRequest): ApprovalPolicy {
  const policy: ApprovalPolicy = {
    required: request.required ?? DEFAULT_APPROVAL_POLICY.required,
    not_by_requester: request.not_by_requester ?? DEFAULT_APPROVAL_POLICY.not_by_requester,
    rules: (request.rules ?? []).map(readRule),
  };
  const names = policy.rules.map(({ name }) => name);
  names.forEach((name, place) => {
    if (names.indexOf(name) !== place) {
      throw new InvalidFieldError(`approval.rules.${place}.name`, `There is another rule "${name}".`);
    }
  });
  assertPatterns(policy.rules);
  return policy;
}

/** Each pattern is held against each resource of each plan. */
function assertPatterns(rules: readonly ApprovalRule[]): void {
  const patterns = rules.flatMap(({ when }) => [...(when.only_addresses ?? []), ...(when.any_address ?? [])]);
  if (patterns.length > MAX_PATTERNS || patterns.join('').length > MAX_PATTERNS_LENGTH) {
    throw new InvalidFieldError(
      'approval.rules',
      `The rules have at most ${MAX_PATTERNS} patterns together, of ${MAX_PATTERNS_LENGTH} characters in all.`,
    );
  }
  const tooOpen = patterns.find((pattern) => pattern.split('*').length - 1 > MAX_PATTERN_STARS);
  if (tooOpen !== undefined) {
    throw new InvalidFieldError('approval.rules', `A pattern has at most ${MAX_PATTERN_STARS} "*": ${tooOpen}`);
  }
}

/** Whoever may write could approve alone, if they could say how many must. @throws DomainError (403) */
export function assertMayChangeApproval(actor: Actor): void {
  if (permits(actor.permissions, 'admin')) return;
  throw new DomainError(
    'forbidden',
    'forbidden',
    `Changing "approval" needs a key with admin permission; yours has ${actor.permissions}.`,
  );
}

function readRule({ name, required, when }: ApprovalRule, place: number): ApprovalRule {
  const field = `approval.rules.${place}.when`;
  const refuse = (message: string): never => {
    throw new InvalidFieldError(field, message);
  };
  const given = Object.fromEntries(
    Object.entries(when).filter(([, value]) => value !== undefined),
  ) as ApprovalConditions;
  if (Object.keys(given).length === 0) {
    refuse('Give at least one condition; the number for all other plans is approval.required.');
  }
  if (given.only_creates === true && given.destroys === true) {
    refuse('A plan that only creates destroys nothing, so the rule could never fit.');
  }
  if ((given.min_changes ?? 0) > (given.max_changes ?? Infinity)) {
    refuse('min_changes is above max_changes, so the rule could never fit.');
  }
  return { name, required, when: given };
}
