import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** One line of the kernel's process table. */
export interface ProcessEntry {
  pid: number;
  /** One letter; `Z` has ended and waits to be collected by its parent. */
  state: string;
  group: number;
  session: number;
  /** In clock ticks since the machine started, as the kernel prints it. With the pid it names a process for good. */
  startTime: string;
}

/** One process, or null when it is gone or when this system has no /proc. */
export function readProcess(pid: number): ProcessEntry | null {
  let stat: string;
  try {
    stat = readLine(`/proc/${pid}/stat`);
  } catch {
    return null;
  }
  // The second field is the program's name in parentheses and may hold anything, parentheses and spaces included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, , group, session] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return null;
  return { pid, state, group: Number(group), session: Number(session), startTime };
}

/** Longer than the kernel's line can be. Reused, as all processes are read after each call. */
const line = Buffer.alloc(4096);

/** A third of the time of `readFileSync`, which asks for a size that is 0 here, and reads twice. */
function readLine(path: string): string {
  const fd = openSync(path, 'r');
  try {
    return line.toString('latin1', 0, readSync(fd, line, 0, line.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** All processes that have not ended. Empty where there is no /proc. */
export function listLiveProcesses(): ProcessEntry[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((entry): entry is ProcessEntry => entry !== null && !hasEnded(entry));
}

function hasEnded(entry: ProcessEntry): boolean {
  return entry.state === 'Z' || entry.state === 'X';
}

/** Whether a process was started with `NAME=value` in its environment. False when it cannot be looked into. */
export function wasStartedWith(pid: number, name: string, value: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`.includes(`\0${name}=${value}\0`);
  } catch {
    return false;
  }
}
