import { GitError } from './git.errors';

/** A signal that fires when time is up or when the caller gives up; its reason is the `GitError` to throw. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Lets go of the timer and of the caller's signal; to be called when the operation has ended. */
  clear(): void;
}

/**
 * Limits one whole operation, whatever number of git processes and tries it takes.
 * @param signal the caller's own wish to stop
 */
export function startDeadline(timeoutSeconds: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController();
  const cancel = () => controller.abort(new GitError('git-cancelled', 'The Git operation was cancelled.'));
  const expire = () =>
    controller.abort(
      new GitError('git-timeout', `The Git server did not finish within ${timeoutSeconds} s (GIT_TIMEOUT_SECONDS).`),
    );
  const timer = setTimeout(expire, timeoutSeconds * 1000);
  if (signal?.aborted) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    },
  };
}

/** Waits for a promise that cannot be stopped itself, but no longer than until the signal fires. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
