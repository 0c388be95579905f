import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './git.errors';

const POLL_MS = 250;

/** Bytes of all files below a directory, links not followed; stops counting once `enough` is passed. */
export async function directorySize(directory: string, enough = Infinity): Promise<number> {
  let total = 0;
  const pending = [directory];
  for (let current = pending.pop(); current !== undefined && total <= enough; current = pending.pop()) {
    const folder = current;
    const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
    const files = entries.filter((entry) => !entry.isDirectory());
    for (const entry of entries) if (entry.isDirectory()) pending.push(join(folder, entry.name));
    // Files come and go while git works: one that has gone counts nothing.
    const sizes = files.map((entry) =>
      lstat(join(folder, entry.name)).then(
        (stats) => stats.size,
        () => 0,
      ),
    );
    for (const size of await Promise.all(sizes)) total += size;
  }
  return total;
}

/**
 * Runs a task whose signal fires with `git-too-large` as soon as the directory has grown beyond the limit. A big
 * working tree is measured less often: measuring takes at most a fifth of the time.
 */
export async function withSizeLimit<T>(
  limit: { directory: string; maxBytes: number; signal: AbortSignal },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const poll: { timer?: NodeJS.Timeout; isOver: boolean } = { isOver: false };
  const measureIn = (delay: number) => {
    if (!poll.isOver) poll.timer = setTimeout(() => void measure(), delay);
  };
  const measure = async () => {
    const start = performance.now();
    const size = await directorySize(limit.directory, limit.maxBytes);
    if (size > limit.maxBytes) controller.abort(tooLarge(limit.maxBytes));
    else measureIn(Math.max(POLL_MS, (performance.now() - start) * 4));
  };
  measureIn(POLL_MS);
  try {
    const result = await task(AbortSignal.any([limit.signal, controller.signal]));
    // What is over between two looks is not let off.
    if ((await directorySize(limit.directory, limit.maxBytes)) > limit.maxBytes) throw tooLarge(limit.maxBytes);
    return result;
  } finally {
    poll.isOver = true;
    clearTimeout(poll.timer);
  }
}

/** The error for a repository, or an answer of the server, that is larger than allowed. */
export function tooLarge(maxBytes: number): GitError {
  const size = maxBytes >= 1024 ** 2 ? `${Math.round(maxBytes / 1024 ** 2)} MiB` : `${maxBytes} bytes`;
  return new GitError('git-too-large', `The Git repository is larger than the limit of ${size} (GIT_MAX_BYTES).`);
}
