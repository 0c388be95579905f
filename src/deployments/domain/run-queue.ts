import { isPlanOnly, RunOperation } from './run-operation';
import type { RunStatus } from './run-status';

/** A run that has not ended, as the queue sees it. */
export interface QueuedRun {
  id: string;
  deploymentId: string;
  namespaceId: string;
  path: string;
  operation: RunOperation;
  status: RunStatus;
  /** Whether nobody is asked between plan and apply, as far as that can be said before the plan. */
  needsNobody: boolean;
  startedAt: string | null;
  approvedAt: string | null;
}

/** Who has the slots, and what the scheduler remembers. */
export interface SlotUse {
  count: number;
  /** Ids of runs that have a slot, the one that has had it longest first. */
  atWork: readonly string[];
  /** Ids of runs that were approved and have no slot yet, in the order of the approvals. */
  approved: readonly string[];
  /** When a namespace was last given a slot, as a number that grows; absent: never. */
  lastServed: ReadonlyMap<string, number>;
}

/** Why a run waits. */
export type WaitingFor =
  { reason: 'earlier_run'; run_id: string } | { reason: 'capacity' } | { reason: 'state_locked'; held_by: string };

export interface QueuePlace {
  /** 1: the next of those that wait for the same; null for a run that is at work and waits in the middle. */
  position: number | null;
  waitingFor: WaitingFor;
}

export interface ArrangedQueue {
  /** Ids of those that only lack a slot, the next first. As many as there are free slots may begin at once. */
  startable: string[];
  places: Map<string, QueuePlace>;
}

/**
 * Who goes before whom.
 *
 * One run at a time holds a (deployment, path), from `initializing` until it ends; later ones wait, oldest first.
 * Plan-only runs neither wait for a holder nor are one. Those that only lack a slot get one by turns: the namespace
 * with the fewest runs at work comes first; of several, the one that was given a slot longest ago; of those, the one
 * with an approved run, then the one with the oldest run. Within a namespace approved runs go before new ones, and
 * each kind in its order. What comes after the free slots supposes that slots come free in the order they were taken.
 * @param active all runs that have not ended, oldest first
 */
export function arrangeQueue(active: readonly QueuedRun[], slots: SlotUse): ArrangedQueue {
  const atWork = new Set(slots.atWork);
  const approved = new Set(slots.approved);
  const isWaiting = ({ id, status }: QueuedRun): boolean =>
    status === 'pending' && !atWork.has(id) && !approved.has(id);

  const lastInLine = new Map<string, { id: string; waiting: number }>();
  for (const holder of active) {
    if (!isWaiting(holder) && !isPlanOnly(holder.operation)) {
      lastInLine.set(lineOf(holder), { id: holder.id, waiting: 0 });
    }
  }
  const fresh: QueuedRun[] = [];
  const places = new Map<string, QueuePlace>();
  for (const run of active.filter(isWaiting)) {
    const line = lastInLine.get(lineOf(run));
    if (isPlanOnly(run.operation) || line === undefined) {
      fresh.push(run);
      if (!isPlanOnly(run.operation)) lastInLine.set(lineOf(run), { id: run.id, waiting: 0 });
    } else {
      const position = line.waiting + 1;
      places.set(run.id, { position, waitingFor: { reason: 'earlier_run', run_id: line.id } });
      lastInLine.set(lineOf(run), { id: run.id, waiting: position });
    }
  }
  const known = new Map(active.map((run) => [run.id, run]));
  const allowed = slots.approved.flatMap((id) => (atWork.has(id) ? [] : (known.get(id) ?? [])));
  const holders = slots.atWork.map((id) => known.get(id)?.namespaceId ?? null);
  const startable = takeTurns(turnsOf(allowed, fresh), holders, slots);
  startable.forEach((id, index) => places.set(id, { position: index + 1, waitingFor: { reason: 'capacity' } }));
  return { startable, places };
}

/** The runs of one namespace that wait for a slot, the next first. */
interface Turn {
  runs: { id: string; rank: number }[];
  next: number;
  atWork: number;
  lastServed: number;
}

function turnsOf(approved: readonly QueuedRun[], fresh: readonly QueuedRun[]): Map<string, Turn> {
  const turns = new Map<string, Turn>();
  [...approved, ...fresh].forEach(({ id, namespaceId }, rank) => {
    const turn = turns.get(namespaceId) ?? { runs: [], next: 0, atWork: 0, lastServed: 0 };
    turn.runs.push({ id, rank });
    turns.set(namespaceId, turn);
  });
  return turns;
}

/** @param holders the namespace of each slot in use, the one that is expected to come free first at the front */
function takeTurns(turns: Map<string, Turn>, holders: readonly (string | null)[], slots: SlotUse): string[] {
  const inUse = holders.map((namespaceId) => (namespaceId === null ? undefined : turns.get(namespaceId)));
  for (const turn of inUse) if (turn) turn.atWork++;
  let now = Math.max(0, ...slots.lastServed.values());
  for (const [namespaceId, turn] of turns) turn.lastServed = slots.lastServed.get(namespaceId) ?? 0;
  const order: string[] = [];
  const waiting = [...turns.values()];
  let freed = 0;
  while (waiting.length > 0) {
    while (inUse.length - freed >= slots.count) {
      const turn = inUse[freed++];
      if (turn) turn.atWork--;
    }
    const turn = waiting.reduce((best, other) => (isBefore(other, best) ? other : best));
    order.push(turn.runs[turn.next++]!.id);
    turn.atWork++;
    turn.lastServed = ++now;
    inUse.push(turn);
    if (turn.next === turn.runs.length) waiting.splice(waiting.indexOf(turn), 1);
  }
  return order;
}

function isBefore(one: Turn, other: Turn): boolean {
  if (one.atWork !== other.atWork) return one.atWork < other.atWork;
  if (one.lastServed !== other.lastServed) return one.lastServed < other.lastServed;
  return one.runs[one.next]!.rank < other.runs[other.next]!.rank;
}

function lineOf(run: QueuedRun): string {
  return `${run.deploymentId}\n${run.path}`;
}
