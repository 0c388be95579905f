import { setTimeout as sleep } from 'node:timers/promises';
import { listLiveProcesses, type ProcessEntry, readProcess, wasStartedWith } from './process-table';
import { trySignal } from './stop-ladder';

/** By which the processes of one call are known. */
export interface CallTrace {
  /** The leader's pid: the id of the tool's group and session. */
  leader: number;
  /** Processes older than the leader are not looked into. Null when it had ended before anybody looked. */
  leaderStartTime: string | null;
  /** The variable that is in the environment of everything the tool started, also when it left the session. */
  marker: { name: string; value: string };
}

const ROUND_MS = 20;
const ROUNDS = 100;

/**
 * Kills everything that is left of a tool which has ended: the members of its session, and daemons that made a
 * session of their own, found by the marker. In rounds, because a process may fork while it is being looked for.
 *
 * Without /proc only the process group is killed.
 */
export async function killLeftovers(trace: CallTrace): Promise<void> {
  if (readProcess(process.pid) === null) {
    trySignal(-trace.leader, 'SIGKILL');
    return;
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = listLiveProcesses().filter((entry) => belongs(entry, trace));
    if (left.length === 0) return;
    for (const entry of left) trySignal(entry.pid, 'SIGKILL');
    await sleep(ROUND_MS);
  }
}

function belongs(entry: ProcessEntry, trace: CallTrace): boolean {
  if (entry.pid === process.pid) return false;
  if (Number(entry.startTime) < Number(trace.leaderStartTime ?? 0)) return false;
  return entry.session === trace.leader || wasStartedWith(entry.pid, trace.marker.name, trace.marker.value);
}
