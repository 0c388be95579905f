import { isPlanOnly } from './run-operation';
import type { ArrangedQueue, QueuedRun, SlotUse } from './run-queue';
import type { RunStatus } from './run-status';

/** When an earlier run was where; times as they are stored. */
export interface RunTimes {
  deploymentId: string;
  status: RunStatus;
  startedAt: string;
  plannedAt: string | null;
  approvedAt: string | null;
  completedAt: string;
}

/** How long runs need a slot, in milliseconds; null: none ever got so far. */
interface SlotTimes {
  plan: number | null;
  apply: number | null;
}

/** What one earlier run tells. */
export interface PastRun extends SlotTimes {
  deploymentId: string;
}

export function pastRunOf(run: RunTimes): PastRun {
  // A run that was cancelled was cut short, and its end says nothing about others.
  const end = run.status === 'cancelled' ? null : run.completedAt;
  return {
    deploymentId: run.deploymentId,
    plan: msBetween(run.startedAt, run.plannedAt ?? run.approvedAt ?? end),
    apply: msBetween(run.approvedAt, end),
  };
}

/**
 * When runs that are pending will begin, as far as the past tells: the slots in use come free, and those ahead take
 * their turns, after the median time that earlier runs of each deployment took. A deployment ahead without a past is
 * taken to be like the others.
 * @param history ended runs of the deployments that matter
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970 by id; absent where nothing can be said: no earlier run of the deployment, or an
 * earlier run that waits, or will wait, for somebody to approve it
 */
export function estimateStarts(
  active: readonly QueuedRun[],
  queue: ArrangedQueue,
  slots: SlotUse,
  history: readonly PastRun[],
  now: number,
): Map<string, number> {
  const times = new TypicalTimes(history);
  const known = new Map(active.map((run) => [run.id, run]));
  const approved = new Set(slots.approved);
  const ends = new Map<string, number>();
  const estimates = new Map<string, number>();
  const free = new FreeSlots(slots, now);
  for (const id of slots.atWork) {
    const run = known.get(id);
    if (!run) continue;
    const end = Math.max(now, began(run, now) + times.slotTime(run, run.status === 'applying'));
    free.occupy(end);
    if (run.status === 'applying' || goesThrough(run)) ends.set(id, end);
  }

  const begin = (run: QueuedRun, earliest: number): void => {
    const start = Math.max(earliest, free.next());
    const end = start + times.slotTime(run, approved.has(run.id));
    free.take(end);
    if (times.isKnown(run.deploymentId) && run.status === 'pending') estimates.set(run.id, start);
    if (approved.has(run.id) || goesThrough(run)) ends.set(run.id, end);
  };
  for (const id of queue.startable) begin(known.get(id)!, now);
  for (const run of active) {
    const waitingFor = queue.places.get(run.id)?.waitingFor;
    if (waitingFor?.reason !== 'earlier_run') continue;
    const end = ends.get(waitingFor.run_id);
    if (end !== undefined) begin(run, end);
  }
  return estimates;
}

/** True when nobody is asked between plan and end. */
function goesThrough(run: QueuedRun): boolean {
  return run.needsNobody || isPlanOnly(run.operation);
}

function began(run: QueuedRun, now: number): number {
  const at = run.status === 'applying' ? run.approvedAt : run.startedAt;
  return at === null ? now : Date.parse(at);
}

/** When each slot comes free. */
class FreeSlots {
  private readonly at: number[] = [];

  constructor(
    private readonly slots: SlotUse,
    private readonly now: number,
  ) {}

  /** A slot that is in use now. */
  occupy(until: number): void {
    this.at.push(until);
  }

  /** When the next one comes free. */
  next(): number {
    while (this.at.length < this.slots.count) this.at.push(this.now);
    // After a restart more runs may be at work than there are slots: as many must end before one begins.
    this.at.sort((one, other) => one - other);
    return this.at[this.at.length - this.slots.count]!;
  }

  /** Takes that slot. */
  take(until: number): void {
    this.next();
    this.at.splice(0, this.at.length - this.slots.count + 1);
    this.at.push(until);
  }
}

/** Medians, because one run that hung must not spoil them. */
class TypicalTimes {
  private readonly byDeployment = new Map<string, SlotTimes>();
  private readonly overall: SlotTimes;

  constructor(history: readonly PastRun[]) {
    const runsOf = new Map<string, PastRun[]>();
    for (const run of history) {
      const runs = runsOf.get(run.deploymentId);
      if (runs) runs.push(run);
      else runsOf.set(run.deploymentId, [run]);
    }
    for (const [deploymentId, runs] of runsOf) this.byDeployment.set(deploymentId, typicalOf(runs));
    this.overall = typicalOf(history);
  }

  isKnown(deploymentId: string): boolean {
    return (this.byDeployment.get(deploymentId)?.plan ?? null) !== null;
  }

  /** How long a run keeps a slot from its start, or from its approval when `onlyApply`. */
  slotTime(run: QueuedRun, onlyApply: boolean): number {
    const own = this.byDeployment.get(run.deploymentId);
    const plan = own?.plan ?? this.overall.plan ?? 0;
    const apply = own?.apply ?? this.overall.apply ?? plan;
    if (onlyApply) return apply;
    return run.needsNobody && !isPlanOnly(run.operation) ? plan + apply : plan;
  }
}

function typicalOf(runs: readonly PastRun[]): SlotTimes {
  const isKnown = (ms: number | null): ms is number => ms !== null;
  return {
    plan: median(runs.map(({ plan }) => plan).filter(isKnown)),
    apply: median(runs.map(({ apply }) => apply).filter(isKnown)),
  };
}

function msBetween(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
