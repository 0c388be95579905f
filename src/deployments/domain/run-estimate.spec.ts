import { estimateStarts, pastRunOf, RunTimes } from './run-estimate';
import { arrangeQueue, QueuedRun, SlotUse } from './run-queue';

const NOW = Date.parse('2026-11-27T12:00:00.000Z');
const MINUTE = 60_000;
const at = (minutes: number): string => new Date(NOW + minutes * MINUTE).toISOString();

const run = (id: string, fields: Partial<QueuedRun> = {}): QueuedRun => ({
  id,
  deploymentId: id,
  namespaceId: 'n',
  path: '.',
  operation: 'apply',
  status: 'pending',
  needsNobody: false,
  startedAt: null,
  approvedAt: null,
  ...fields,
});
const planning = (id: string, since: number, fields: Partial<QueuedRun> = {}): QueuedRun =>
  run(id, { status: 'planning', startedAt: at(since), ...fields });

/** An earlier run that planned and applied for so many minutes; an hour passed until its approval. */
const past = (deploymentId: string, plan: number, apply: number | null, fields: Partial<RunTimes> = {}): RunTimes => ({
  deploymentId,
  status: 'success',
  startedAt: at(-1000),
  plannedAt: apply === null ? null : at(-1000 + plan),
  approvedAt: apply === null ? null : at(-940 + plan),
  completedAt: apply === null ? at(-1000 + plan) : at(-940 + plan + apply),
  ...fields,
});

/** Minutes from now by id. */
const estimate = (active: QueuedRun[], history: RunTimes[], fields: Partial<SlotUse> = {}): Record<string, number> => {
  const slots: SlotUse = { count: 1, atWork: [], approved: [], lastServed: new Map(), ...fields };
  const found = estimateStarts(active, arrangeQueue(active, slots), slots, history.map(pastRunOf), NOW);
  return Object.fromEntries([...found].map(([id, time]) => [id, (time - NOW) / MINUTE]));
};

describe('estimateStarts', () => {
  it('says nothing about a deployment without a past', () => {
    expect(estimate([run('a'), run('b')], [past('b', 4, 2)])).toEqual({ b: 4 });
    expect(estimate([run('a')], [])).toEqual({});
  });

  it('lets the slot in use come free when its run has taken what others took, and now when it is overdue', () => {
    const history = [past('a', 10, 5), past('b', 1, 1)];
    expect(estimate([planning('a', -4), run('b')], history, { atWork: ['a'] })).toEqual({ b: 6 });
    expect(estimate([planning('a', -40), run('b')], history, { atWork: ['a'] })).toEqual({ b: 0 });
  });

  it('counts the wait for an approval for nothing, and the apply only where the run goes through', () => {
    const history = [past('a', 10, 5), past('b', 1, 1)];
    const auto = planning('a', 0, { needsNobody: true });
    expect(estimate([auto, run('b')], history, { atWork: ['a'] })).toEqual({ b: 15 });
    const applying = run('a', { status: 'applying', startedAt: at(-500), approvedAt: at(-2) });
    expect(estimate([applying, run('b')], history, { atWork: ['a'] })).toEqual({ b: 3 });
    const planOnly = planning('a', 0, { needsNobody: true, operation: 'plan' });
    expect(estimate([planOnly, run('b')], history, { atWork: ['a'] })).toEqual({ b: 10 });
  });

  it('shares the places ahead among the slots', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const history = ids.map((id) => past(id, 10, 5));
    expect(
      estimate(
        ids.map((id) => run(id)),
        history,
        { count: 2 },
      ),
    ).toEqual({ a: 0, b: 0, c: 10, d: 10, e: 20 });
  });

  it('lets approved runs go first, about which nothing is said themselves', () => {
    const applying = run('a', { status: 'applying', approvedAt: at(-1) });
    expect(estimate([applying, run('b')], [past('a', 10, 5), past('b', 1, 1)], { approved: ['a'] })).toEqual({ b: 5 });
  });

  it('takes the median, and leaves out what was cut short', () => {
    const history = [
      past('a', 2, 5),
      past('a', 4, 5),
      past('a', 600, 5),
      past('a', 0, null, { status: 'cancelled' }),
      past('a', 0, null, { status: 'cancelled' }),
    ];
    expect(estimate([run('a'), run('b', { deploymentId: 'a', path: 'b' })], history)).toEqual({ a: 0, b: 4 });
  });

  it('takes a plan whose approval was refused for a plan', () => {
    const refused = past('a', 3, null, { status: 'cancelled', plannedAt: at(-997), completedAt: at(-1) });
    expect(estimate([run('a'), run('b', { deploymentId: 'a', path: 'b' })], [refused])).toEqual({ a: 0, b: 3 });
  });

  describe('behind an earlier run of the path', () => {
    const later = run('later', { deploymentId: 'a' });
    const history = [past('a', 10, 5)];

    it('says when that ends, if nobody must be asked', () => {
      const applying = run('a', { status: 'applying', approvedAt: at(-1) });
      expect(estimate([applying, later], history, { atWork: ['a'], count: 3 })).toEqual({ later: 4 });
      const auto = planning('a', -1, { needsNobody: true });
      expect(estimate([auto, later], history, { atWork: ['a'], count: 3 })).toEqual({ later: 14 });
      expect(estimate([run('a', { needsNobody: true }), later], history, { count: 3 })).toEqual({ a: 0, later: 15 });
      const approved = run('a', { status: 'applying', approvedAt: at(-1) });
      expect(estimate([approved, later], history, { approved: ['a'], count: 3 })).toEqual({ later: 5 });
    });

    it('says nothing if somebody must, or if that is so of one further ahead', () => {
      const asks = run('a', { status: 'awaiting_approval', startedAt: at(-9) });
      const between = run('between', { deploymentId: 'a', needsNobody: true });
      expect(estimate([asks, later], history)).toEqual({});
      expect(estimate([asks, between, later], history)).toEqual({});
      expect(estimate([planning('a', -1), later], history, { atWork: ['a'] })).toEqual({});
      expect(estimate([run('a'), later], history)).toEqual({ a: 0 });
    });
  });

  it('waits until as many have ended as are too many after a restart', () => {
    const atWork = [planning('a', -1), planning('b', -2), planning('c', -3)];
    const history = ['a', 'b', 'c', 'd'].map((id) => past(id, 10, 5));
    expect(estimate([...atWork, run('d')], history, { atWork: ['a', 'b', 'c'] })).toEqual({ d: 9 });
  });

  it('never goes back with the position', () => {
    const history = Array.from({ length: 30 }, (_, index) => past(`r${index}`, 1 + (index % 7), 1));
    const starts = estimate(
      history.map(({ deploymentId }) => run(deploymentId)),
      history,
      { count: 3 },
    );
    const inOrder = history.map(({ deploymentId }) => starts[deploymentId]!);
    expect(inOrder).toEqual([...inOrder].sort((one, other) => one - other));
    expect(inOrder.at(-1)).toBeGreaterThan(20);
  });
});
