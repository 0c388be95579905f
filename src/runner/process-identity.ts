import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from './call-files';

/** When a process started, in the kernel's own unit; null when it is gone, or where there is no /proc. */
export function startTimeOf(pid: number): string | null {
  return look(pid) ?? null;
}

/** Null: it is gone. Undefined: it cannot be looked at just now, for want of file descriptors. */
function look(pid: number): string | null | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything; the rest is counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch (error) {
    return error instanceof Error && 'code' in error && ['EMFILE', 'ENFILE'].includes(String(error.code))
      ? undefined
      : null;
  }
}

/** True while this very process lives (a zombie has ended), or nobody can tell that it does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  // 0 and below would mean whole groups, our own among them.
  if (identity.pid <= 1) return false;
  if (identity.start_time !== null) {
    const seen = look(identity.pid);
    return seen === undefined || seen === identity.start_time;
  }
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Sends a signal to the process, or to its whole group; does nothing when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals, wholeGroup: boolean): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(wholeGroup ? -identity.pid : identity.pid, signal);
  } catch {
    // Gone between the look and the signal.
  }
}
