import { isPlanOnly, RunOperation } from './run-operation';

/** A run as the queue sees it. */
export interface QueuedRun {
  id: string;
  deploymentId: string;
  path: string;
  operation: RunOperation;
}

/** Why a run waits. */
export type WaitingFor =
  { reason: 'earlier_run'; run_id: string } | { reason: 'capacity' } | { reason: 'state_locked'; held_by: string };

export interface QueuePlace {
  /** 1: the next of those that wait for the same; null for a run that is at work and waits in the middle. */
  position: number | null;
  waitingFor: WaitingFor;
}

/**
 * Who goes before whom: one run at a time holds a (deployment, path), from `initializing` until it ends; later ones
 * wait, oldest first. Plan-only runs neither wait for a holder nor are one.
 * @param pending oldest first
 * @param holders runs at work or waiting for approval
 * @returns ids that only lack capacity, oldest first, and the place of every pending run
 */
export function arrangeQueue(
  pending: readonly QueuedRun[],
  holders: readonly QueuedRun[],
): { startable: string[]; places: Map<string, QueuePlace> } {
  const lastInLine = new Map<string, { id: string; waiting: number }>();
  for (const holder of holders) {
    if (!isPlanOnly(holder.operation)) lastInLine.set(lineOf(holder), { id: holder.id, waiting: 0 });
  }
  const startable: string[] = [];
  const places = new Map<string, QueuePlace>();
  for (const run of pending) {
    const line = lastInLine.get(lineOf(run));
    if (isPlanOnly(run.operation) || line === undefined) {
      startable.push(run.id);
      places.set(run.id, { position: startable.length, waitingFor: { reason: 'capacity' } });
      if (!isPlanOnly(run.operation)) lastInLine.set(lineOf(run), { id: run.id, waiting: 0 });
    } else {
      const position = line.waiting + 1;
      places.set(run.id, { position, waitingFor: { reason: 'earlier_run', run_id: line.id } });
      lastInLine.set(lineOf(run), { id: run.id, waiting: position });
    }
  }
  return { startable, places };
}

function lineOf(run: QueuedRun): string {
  return `${run.deploymentId}\n${run.path}`;
}
