import { AddressPattern } from './address-pattern';
import type { ApprovalConditions, ApprovalDemand, ApprovalPolicy, ApprovalRule } from './approval-policy';
import type { PlannedChange } from './plan-summary';
import type { RunOperation } from './run-operation';

/**
 * Says how many approvals a plan needs. Of the rules that fit it the strictest counts, whatever their order; when none
 * does, the policy's own number. `auto_approve` is the one approval of a policy that asks for no more than one, by
 * anybody; it never stands in for what a rule asks for.
 *
 * The changes are looked at piece by piece, since there may be very many.
 */
export class PlanExamination {
  private readonly rules: RuleCheck[];
  private readonly facts: PlanFacts;

  constructor(
    private readonly policy: ApprovalPolicy,
    operation: RunOperation,
  ) {
    this.rules = policy.rules.map((rule) => new RuleCheck(rule));
    this.facts = new PlanFacts(operation);
  }

  /** Takes some of the changes into account. */
  look(changes: readonly PlannedChange[]): void {
    for (const change of changes) {
      this.facts.add(change);
      for (const rule of this.rules) rule.look(change);
    }
  }

  /** What the plan needs, once all of its changes were looked at. */
  demand(autoApprove: boolean): ApprovalDemand {
    return demandOf(this.policy, this.facts, this.rules, autoApprove);
  }
}

function demandOf(
  policy: ApprovalPolicy,
  facts: PlanFacts,
  rules: readonly RuleCheck[],
  autoApprove: boolean,
): ApprovalDemand {
  const fitting = rules.filter((rule) => rule.fits(facts));
  const required = fitting.length > 0 ? Math.max(...fitting.map((rule) => rule.required)) : policy.required;
  const notByRequester = policy.not_by_requester;
  const isGivenInAdvance = required === 1 && fitting.length === 0 && autoApprove && !notByRequester;
  if (isGivenInAdvance) {
    return { required, notByRequester, isGivenInAdvance, reason: 'No approval is needed: the run has auto_approve.' };
  }
  const deciding = fitting.filter((rule) => rule.required === required);
  const why = deciding.length > 0 ? deciding.map((rule) => rule.explain(facts)).join('; ') : 'the deployment says so';
  const notes = [
    `${inWords(required)} needed: ${why}.`,
    ...(required > 0 && notByRequester ? ['Who started the run may not approve it.'] : []),
    ...(required > 0 && autoApprove ? ['auto_approve does not count here.'] : []),
  ];
  return { required, notByRequester, isGivenInAdvance, reason: notes.join(' ') };
}

/** Some resources: how many, and the first of them. A deposed object is of the same resource as the one that stays. */
class Resources {
  private readonly addresses = new Set<string>();
  private first: PlannedChange | null = null;

  add(change: PlannedChange): void {
    this.first ??= change;
    this.addresses.add(change.address);
  }

  get count(): number {
    return this.addresses.size;
  }

  get inWords(): string {
    if (this.first === null) return 'nothing';
    const { address, previousAddress } = this.first;
    const name = previousAddress === undefined ? address : `${previousAddress}, now ${address},`;
    return this.count === 1 ? name.replace(/,$/, '') : `${name} and ${this.count - 1} more`;
  }
}

/** What is true of a plan, whatever rules there are. */
class PlanFacts {
  readonly changed = new Resources();
  readonly destroyed = new Resources();
  private doesMoreThanCreate = false;

  constructor(readonly operation: RunOperation) {}

  add(change: PlannedChange): void {
    const { actions } = change;
    this.changed.add(change);
    if (actions.includes('delete')) this.destroyed.add(change);
    if (actions.length !== 1 || actions[0] !== 'create') this.doesMoreThanCreate = true;
  }

  /** Of nothing it is not said that it is created. */
  get onlyCreates(): boolean {
    return this.changed.count > 0 && !this.doesMoreThanCreate;
  }
}

/** One rule, held against one plan. */
class RuleCheck {
  readonly required: number;
  private readonly when: ApprovalConditions;
  private readonly only: AddressPattern[];
  private readonly any: AddressPattern[];
  private readonly touched = new Resources();
  private hasOthers = false;

  constructor(private readonly rule: ApprovalRule) {
    this.required = rule.required;
    this.when = rule.when;
    this.only = (rule.when.only_addresses ?? []).map((pattern) => new AddressPattern(pattern));
    this.any = (rule.when.any_address ?? []).map((pattern) => new AddressPattern(pattern));
  }

  look(change: PlannedChange): void {
    const { address, previousAddress } = change;
    const addresses = previousAddress === undefined ? [address] : [address, previousAddress];
    const isOneOf = (patterns: AddressPattern[]) => (each: string) => patterns.some((pattern) => pattern.matches(each));
    if (this.only.length > 0 && !this.hasOthers) this.hasOthers = !addresses.every(isOneOf(this.only));
    if (this.any.length > 0 && addresses.some(isOneOf(this.any))) this.touched.add(change);
  }

  fits({ operation, changed, destroyed, onlyCreates }: PlanFacts): boolean {
    const { when } = this;
    return (
      (when.destroys === undefined || when.destroys === destroyed.count > 0) &&
      (when.only_creates === undefined || when.only_creates === onlyCreates) &&
      (when.max_changes === undefined || changed.count <= when.max_changes) &&
      (when.min_changes === undefined || changed.count >= when.min_changes) &&
      (when.only_addresses === undefined || (changed.count > 0 && !this.hasOthers)) &&
      (when.any_address === undefined || this.touched.count > 0) &&
      (when.operations === undefined || when.operations.some((each) => each === operation))
    );
  }

  explain({ operation, changed, destroyed }: PlanFacts): string {
    const { when } = this;
    const facts: [unknown, string][] = [
      [when.operations, `is of the operation ${operation}`],
      [when.destroys, destroyed.count > 0 ? `destroys ${destroyed.inWords}` : 'destroys nothing'],
      [when.only_creates, when.only_creates === true ? 'only creates' : 'does something else than create'],
      [when.max_changes ?? when.min_changes, `changes ${changed.count} resource${changed.count === 1 ? '' : 's'}`],
      [when.only_addresses, 'changes nothing outside of the addresses of the rule'],
      [when.any_address, `changes ${this.touched.inWords}`],
    ];
    const shown = facts.filter(([condition]) => condition !== undefined).map(([, fact]) => fact);
    return `rule "${this.rule.name}" (the plan ${shown.join(', ')})`;
  }
}

function inWords(required: number): string {
  if (required === 0) return 'No approval is';
  if (required === 1) return 'One approval is';
  return `${required === 2 ? 'Two' : required} approvals are`;
}
