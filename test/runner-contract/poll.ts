import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `look` finds something. @throws Error that says what was waited for, at the deadline. */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false,
  deadlineMs = 20_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await sleep(20);
  }
}
