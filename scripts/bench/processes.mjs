import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What a user's tool gets from the runner, for the bare side: the same settings, and none of the user's own. */
export function bareEnvironment(home, path = process.env.PATH) {
  return {
    PATH: path,
    HOME: home,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
}

/**
 * Runs a program with its output in a file and nothing on stdin.
 * @throws Error with the end of the output when it fails
 */
export function runToFile(program, args, { cwd, env, output, input = 'ignore' }) {
  return new Promise((resolve, reject) => {
    const file = openSync(output, 'w');
    const child = spawn(program, args, { cwd, env, stdio: [input, file, file] });
    closeSync(file);
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) return resolve();
      const end = readFileSync(output, 'utf8').slice(-2000);
      reject(new Error(`${program} ${args.join(' ')} ended with status ${code}:\n${end}`));
    });
  });
}

/** Memory of a process in MiB: what it has now, and the most it had. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) / 1024;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/**
 * CPU time in ms (its resolution is 10) that a process has taken so far, all its threads together, and that those of its
 * descendants have that have ended and were waited for.
 */
export function cpuMsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name may hold spaces; user and system time are the 12th and 13th field after it, in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const sum = (first) => (Number(fields[first]) + Number(fields[first + 1])) * 10;
  return { own: sum(11), children: sum(13) };
}

/** The same of a server, with those of its children that still live among the descendants: its runners may serve on. */
export function cpuMsOfServer(pid) {
  const { own, children } = cpuMsOf(pid);
  const living = childrenOf(pid).map((child) => {
    const seen = cpuMsOf(child);
    return seen.own + seen.children;
  });
  return { own, children: living.reduce((sum, ms) => sum + ms, children) };
}

/** From here on, `peak` counts anew. */
export function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The processes that a process has started and that still live. */
export function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
