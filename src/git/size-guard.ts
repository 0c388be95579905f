import { directorySize } from '../common/files/directory-size';
import { GitError } from './git.errors';

const POLL_MS = 250;

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
