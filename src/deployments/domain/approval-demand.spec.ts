import { PlanExamination } from './approval-demand';
import {
  type ApprovalConditions,
  type ApprovalDemand,
  type ApprovalPolicy,
  DEFAULT_APPROVAL_POLICY,
  needsNobody,
  type PlannedChanges,
} from './approval-policy';

/** `planned('web create', 'db delete,create')`; the third word is where it was before a move */
function planned(...lines: string[]): PlannedChanges {
  return {
    operation: 'apply',
    changes: lines.map((line) => {
      const [address = '', actions = '', previousAddress] = line.split(' ');
      const type = address.split('.')[0]!;
      return { address, type, actions: actions.split(','), ...(previousAddress ? { previousAddress } : {}) };
    }),
  };
}

function approvalDemand(asked: ApprovalPolicy, plan: PlannedChanges, autoApprove: boolean): ApprovalDemand {
  const examination = new PlanExamination(asked, plan.operation);
  for (const change of plan.changes) examination.look([change]);
  return examination.demand(autoApprove);
}

const policy = (fields: Partial<ApprovalPolicy>): ApprovalPolicy => ({ ...DEFAULT_APPROVAL_POLICY, ...fields });

/** A policy of three approvals with one rule, which asks for none. */
function isFitting(when: ApprovalConditions, plan: PlannedChanges): boolean {
  const asked = approvalDemand(policy({ required: 3, rules: [{ name: 'r', required: 0, when }] }), plan, false);
  expect([0, 3]).toContain(asked.required);
  return asked.required === 0;
}

const MIXED = planned('t.a create', 't.b update', 'm.c delete,create', 'm.d delete');
const CREATES = planned('t.a create', 't.b create');
const NOTHING = planned();

describe('an approval policy', () => {
  it('asks for one approval by default, which auto_approve gives', () => {
    expect(approvalDemand(DEFAULT_APPROVAL_POLICY, MIXED, false)).toEqual({
      required: 1,
      notByRequester: false,
      isGivenInAdvance: false,
      reason: 'One approval is needed: the deployment says so.',
    });
    expect(approvalDemand(DEFAULT_APPROVAL_POLICY, MIXED, true)).toMatchObject({
      isGivenInAdvance: true,
      reason: 'No approval is needed: the run has auto_approve.',
    });
  });

  it.each([
    ['two approvals', policy({ required: 2 })],
    ['somebody else', policy({ not_by_requester: true })],
    ['what a rule asks for', policy({ rules: [{ name: 'r', required: 1, when: { destroys: true } }] })],
    [
      'what a rule asks for, of none',
      policy({ required: 0, rules: [{ name: 'r', required: 1, when: { destroys: true } }] }),
    ],
  ])('does not take auto_approve for %s', (_what, asked) => {
    const demand = approvalDemand(asked, MIXED, true);
    expect(demand.isGivenInAdvance).toBe(false);
    expect(demand.required).toBeGreaterThan(0);
    expect(demand.reason).toMatch(/auto_approve does not count here\.$/);
  });

  it('that asks for none needs none, also without auto_approve', () => {
    expect(approvalDemand(policy({ required: 0, not_by_requester: true }), MIXED, false)).toEqual({
      required: 0,
      notByRequester: true,
      isGivenInAdvance: false,
      reason: 'No approval is needed: the deployment says so.',
    });
  });

  it('lets the strictest of the fitting rules count, whatever their order', () => {
    const lax = { name: 'small', required: 0, when: { max_changes: 10 } };
    const strict = { name: 'iam', required: 2, when: { any_address: ['m.*'] } };
    const unfit = { name: 'huge', required: 5, when: { min_changes: 100 } };
    for (const rules of [
      [lax, strict, unfit],
      [unfit, strict, lax],
    ]) {
      expect(approvalDemand(policy({ rules }), MIXED, false)).toMatchObject({
        required: 2,
        reason: 'Two approvals are needed: rule "iam" (the plan changes m.c and 1 more).',
      });
      expect(approvalDemand(policy({ rules }), CREATES, false)).toMatchObject({
        required: 0,
        reason: 'No approval is needed: rule "small" (the plan changes 2 resources).',
      });
    }
  });

  it('names all rules that decide, and the facts', () => {
    const rules = [
      { name: 'a', required: 1, when: { destroys: true, operations: ['apply' as const] } },
      { name: 'b', required: 1, when: { only_creates: false, min_changes: 1 } },
    ];
    expect(approvalDemand(policy({ required: 0, not_by_requester: true, rules }), MIXED, false).reason).toBe(
      'One approval is needed: rule "a" (the plan is of the operation apply, destroys m.c and 1 more); ' +
        'rule "b" (the plan does something else than create, changes 4 resources). Who started the run may not approve it.',
    );
  });

  const fitting: [string, ApprovalConditions, PlannedChanges][] = [
    ['destroys nothing', { destroys: false }, CREATES],
    ['destroys', { destroys: true }, MIXED],
    ['a replacement destroys', { destroys: true }, planned('t.a create,delete')],
    ['only creates', { only_creates: true }, CREATES],
    ['does more than create', { only_creates: false }, planned('t.a no-op')],
    ['at most', { max_changes: 2 }, CREATES],
    ['at most none', { max_changes: 0 }, NOTHING],
    ['at least', { min_changes: 4 }, MIXED],
    ['only these', { only_addresses: ['t.*', 'm.c', 'm.d'] }, MIXED],
    ['any of these', { any_address: ['x', 'm.d'] }, MIXED],
    ['an operation', { operations: ['destroy', 'apply'] }, MIXED],
    ['any of these, before a move', { any_address: ['prod.*'] }, planned('scratch.a update prod.a')],
    ['only these, before and after a move', { only_addresses: ['a.*', 'b.*'] }, planned('a.x no-op b.x')],
    ['a deposed object is of the same resource', { max_changes: 1 }, planned('t.a update', 't.a delete')],
    ['nothing destroyed, of outputs alone', { destroys: false, max_changes: 0 }, NOTHING],
    [
      'all that is given',
      { destroys: false, only_creates: true, max_changes: 2, only_addresses: ['t.?', 't.*'] },
      CREATES,
    ],
  ];
  it.each(fitting)('fits: %s', (_what, when, plan) => expect(isFitting(when, plan)).toBe(true));

  const unfit: [string, ApprovalConditions, PlannedChanges][] = [
    ['destroys nothing', { destroys: false }, planned('t.a delete')],
    ['destroys, but it forgets', { destroys: true }, planned('t.a forget')],
    ['only creates, but it replaces', { only_creates: true }, planned('t.a create', 't.b delete,create')],
    ['only creates, but it forgets', { only_creates: true }, planned('t.a forget')],
    ['at most', { max_changes: 1 }, CREATES],
    ['at least', { min_changes: 5 }, MIXED],
    ['only these', { only_addresses: ['t.*', 'm.c'] }, MIXED],
    ['any of these', { any_address: ['m.*'] }, CREATES],
    ['any of these, of nothing', { any_address: ['*'] }, NOTHING],
    [
      'only these, but it was elsewhere before a move',
      { only_addresses: ['scratch.*'] },
      planned('scratch.a delete prod.a'),
    ],
    ['only these, of outputs alone', { only_addresses: ['*'] }, NOTHING],
    ['only creates, of outputs alone', { only_creates: true }, NOTHING],
    ['an operation', { operations: ['destroy'] }, MIXED],
    ['all but one', { destroys: false, only_creates: true, max_changes: 1 }, CREATES],
  ];
  it.each(unfit)('does not fit: %s', (_what, when, plan) => expect(isFitting(when, plan)).toBe(false));

  it('names where a resource was before a move', () => {
    const rules = [{ name: 'prod', required: 2, when: { any_address: ['prod.*'] } }];
    const reasonOf = (...lines: string[]): string => approvalDemand(policy({ rules }), planned(...lines), false).reason;
    expect(reasonOf('scratch.a delete prod.a')).toContain('(the plan changes prod.a, now scratch.a)');
    expect(reasonOf('scratch.a delete prod.a', 'prod.b update')).toContain(
      '(the plan changes prod.a, now scratch.a, and 1 more)',
    );
  });

  it('says before the plan whether somebody will be asked, as far as no rule says otherwise', () => {
    expect(needsNobody(DEFAULT_APPROVAL_POLICY, false)).toBe(false);
    expect(needsNobody(DEFAULT_APPROVAL_POLICY, true)).toBe(true);
    expect(needsNobody(policy({ required: 0 }), false)).toBe(true);
    expect(needsNobody(policy({ required: 2 }), true)).toBe(false);
    expect(needsNobody(policy({ not_by_requester: true }), true)).toBe(false);
  });
});
