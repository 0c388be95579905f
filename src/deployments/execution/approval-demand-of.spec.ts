import { approvalDemandOf } from './approval-demand-of';

describe('what a plan with very many changes needs', () => {
  const patterns = Array.from({ length: 100 }, (_, place) => `*x*y*${place}*`);
  const policy = (when: object) => ({
    required: 1,
    not_by_requester: false,
    rules: [{ name: 'r', required: 2, when }],
  });
  const plan = (length: number, last: string) => ({
    operation: 'apply' as const,
    changes: Array.from({ length }, (_, place) => ({
      address: place === length - 1 ? last : `t.${'x'.repeat(200)}${place}`,
      type: 't',
      actions: ['update'],
    })),
  });

  it('is found while others get a turn', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await approvalDemandOf(policy({ any_address: patterns }), plan(5000, 't.last'), false);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  it.each([1, 199, 200, 201, 400, 401])('is that of all %d changes', async (length) => {
    const rule = policy({ any_address: ['t.last'], min_changes: length, max_changes: length });
    expect((await approvalDemandOf(rule, plan(length, 't.last'), false)).required).toBe(2);
    expect((await approvalDemandOf(rule, plan(length, 't.other'), false)).required).toBe(1);
  });
});
