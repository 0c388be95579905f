import { setTimeout as sleep } from 'node:timers/promises';

/** Looks until there is something. @throws Error that says what was waited for, and what was seen last, at the deadline */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadlineMs = 30_000,
  lastSeen: () => string = () => '',
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited in vain for: ${what} ${lastSeen()}`);
    await sleep(25);
  }
}
