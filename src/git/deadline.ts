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
