import {
  ACTIVE_STATUSES,
  FINAL_STATUSES,
  isFinal,
  mayMove,
  RUN_STATUSES,
  RUN_STATUS_TABLE,
  RunStatus,
  TransitionCause,
} from './run-status';

const CAUSES: TransitionCause[] = ['person', 'platform', 'clock'];

const ALLOWED = new Set([
  'pending > initializing by platform',
  'pending > failed by platform',
  'pending > cancelled by person',
  'initializing > planning by platform',
  'initializing > failed by platform',
  'initializing > cancelled by person',
  'planning > awaiting_approval by platform',
  'planning > applying by platform',
  'planning > success by platform',
  'planning > failed by platform',
  'planning > cancelled by person',
  'awaiting_approval > applying by person',
  'awaiting_approval > failed by platform',
  'awaiting_approval > cancelled by person',
  'awaiting_approval > cancelled by clock',
  'applying > success by platform',
  'applying > failed by platform',
  'applying > cancelled by person',
]);

describe('the table of run statuses', () => {
  const pairs = RUN_STATUSES.flatMap((from) =>
    RUN_STATUSES.flatMap((to) => CAUSES.map((cause) => [from, to, cause] as const)),
  );

  it.each(pairs)('%s > %s by %s', (from, to, cause) => {
    expect(mayMove(from, to, cause)).toBe(ALLOWED.has(`${from} > ${to} by ${cause}`));
  });

  it('reaches every status from pending', () => {
    const reached = new Set<RunStatus>(['pending']);
    for (const status of reached)
      for (const next of Object.keys(RUN_STATUS_TABLE[status].next)) reached.add(next as RunStatus);
    expect([...reached].sort()).toEqual([...RUN_STATUSES].sort());
  });

  it.each(ACTIVE_STATUSES)('lets %s end as failed and as cancelled', (status) => {
    expect(mayMove(status, 'failed', 'platform')).toBe(true);
    expect(mayMove(status, 'cancelled', 'person')).toBe(true);
  });

  it('has three ends', () => {
    expect(FINAL_STATUSES).toEqual(['success', 'failed', 'cancelled']);
    expect(FINAL_STATUSES.every(isFinal)).toBe(true);
  });
});
