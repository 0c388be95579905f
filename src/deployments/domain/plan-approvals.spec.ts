import { type ApprovedRun, assertMayApprove, missingApprovals } from './plan-approvals';

const ALICE = { keyId: 'a', label: 'alice (plm_1)' };
const BOB = { keyId: 'b', label: 'bob (plm_2)' };
const by = ({ keyId, label }: typeof ALICE) => ({
  key_id: keyId,
  by: label,
  at: '2026-11-27T12:00:00.000Z',
  comment: null,
  plan_sha256: null,
  commit_sha: null,
});
const run = (fields: Partial<ApprovedRun> = {}): ApprovedRun => ({
  createdBy: ALICE.label,
  createdByKeyId: ALICE.keyId,
  approvalsRequired: 2,
  approvalsNotByRequester: false,
  approvals: [],
  ...fields,
});

describe('the approvals of a run', () => {
  it('are missing until enough keys have given one', () => {
    expect(missingApprovals(run())).toBe(2);
    expect(missingApprovals(run({ approvals: [by(ALICE)] }))).toBe(1);
    expect(missingApprovals(run({ approvals: [by(ALICE), by(BOB)] }))).toBe(0);
    expect(missingApprovals(run({ approvalsRequired: null }))).toBe(1);
    expect(missingApprovals(run({ approvalsRequired: 0, approvals: [by(ALICE)] }))).toBe(0);
  });

  it('come from different keys', () => {
    expect(() => assertMayApprove(run({ approvals: [by(ALICE)] }), BOB)).not.toThrow();
    expect(() => assertMayApprove(run({ approvals: [by(ALICE)] }), ALICE)).toThrow(
      'You approved this plan already; 1 more must come from other keys.',
    );
  });

  it('come from the requester only where the policy lets him', () => {
    expect(() => assertMayApprove(run(), ALICE)).not.toThrow();
    const others = run({ approvalsNotByRequester: true });
    expect(() => assertMayApprove(others, ALICE)).toThrow(/^You started this run/);
    expect(() => assertMayApprove(others, BOB)).not.toThrow();
    // A name can be given twice; a key cannot.
    expect(() => assertMayApprove(others, { ...BOB, label: ALICE.label })).not.toThrow();
    expect(() => assertMayApprove({ ...others, createdByKeyId: null }, { ...BOB, label: ALICE.label })).toThrow();
  });
});
