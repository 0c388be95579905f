import { DomainError } from '../common/errors';

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;

/**
 * Does work of the platform's own that must not be lost because the database is busy or its disk is full just now:
 * tries again until it is stored, or until `signal` (then the last error is thrown). Never for requests: those are
 * told to try again.
 */
export async function untilStored<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, MAX_DELAY_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error;
      await pause(delay, signal);
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof DomainError && (error.kind === 'unavailable' || error.code === 'no-space');
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
