import { untilAborted } from './until-aborted';

/** Lets one task at a time run for each key, first come first served. */
export class KeyedMutex {
  private readonly tails = new Map<string, Promise<void>>();

  /** Whether a task runs or waits for this key. */
  isBusy(key: string): boolean {
    return this.tails.has(key);
  }

  /** Runs the task when all earlier ones of the key have ended; gives up waiting when the signal fires. */
  async run<T>(key: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const previous = this.tails.get(key) ?? Promise.resolve();
    let release: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tail = previous.then(() => done);
    this.tails.set(key, tail);
    try {
      await (signal ? untilAborted(previous, signal) : previous);
      return await task();
    } finally {
      release();
      if (this.tails.get(key) === tail) this.tails.delete(key);
    }
  }
}
