import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const MAX_ROUNDS = 200;

async function hasVariable(pid: string, variable: string): Promise<boolean> {
  // Processes of other users and those that have just ended cannot be read: neither is ours.
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.includes(`${variable}\0`);
}

/** Ids of all processes that were started with `variable` (`NAME=value`) in their environment. Linux only. */
export async function findProcesses(variable: string): Promise<number[]> {
  const entries = await readdir('/proc').catch((): string[] => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(pids.map((pid) => hasVariable(pid, variable)));
  return pids.filter((_pid, index) => found[index]).map(Number);
}

/**
 * Ends every process that carries `variable` in its environment, and returns when none is left. git hands the work to
 * helpers (`git-remote-https`, `ssh`, `index-pack`) that outlive it when it is killed; simple-git neither starts git in
 * a process group of its own nor tells its process id, but all helpers inherit the environment.
 *
 * Where there is no `/proc` nothing happens: git ends by the SIGINT that simple-git sends, and a helper of it lives on
 * until its connection ends or has stalled for too long.
 */
export async function endProcesses(variable: string): Promise<void> {
  // A process may have forked between being found and being killed, hence the rounds.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const pids = await findProcesses(variable);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await sleep(5);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
