import { Logger } from '@nestjs/common';

const STORE_EVERY_MS = 5_000;

/** Adds up downloads in memory and stores them now and then: a download must not wait for a write of the database. */
export class DownloadCounter {
  private readonly logger = new Logger(DownloadCounter.name);
  private readonly pending = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;
  private storing: Promise<void> = Promise.resolve();

  /** @param store adds the counts to what is stored, all or nothing */
  constructor(private readonly store: (counts: Map<string, number>) => Promise<void>) {}

  count(id: string): void {
    this.pending.set(id, this.pendingOf(id) + 1);
    this.timer ??= setTimeout(() => void this.flush(), STORE_EVERY_MS).unref();
  }

  /** What was counted and is not stored yet. */
  pendingOf(id: string): number {
    return this.pending.get(id) ?? 0;
  }

  /** Stores what is pending; what cannot be stored now stays pending. */
  flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.storing = this.storing.then(async () => {
      const counts = new Map(this.pending);
      if (counts.size === 0) return;
      try {
        await this.store(counts);
        for (const [id, count] of counts) this.subtract(id, count);
      } catch (error) {
        this.logger.warn({
          event: 'downloads_not_stored',
          error: error instanceof Error ? error.message : String(error),
        });
        this.timer ??= setTimeout(() => void this.flush(), STORE_EVERY_MS).unref();
      }
    });
    return this.storing;
  }

  /** What was counted while it was stored stays. */
  private subtract(id: string, count: number): void {
    const rest = this.pendingOf(id) - count;
    if (rest > 0) this.pending.set(id, rest);
    else this.pending.delete(id);
  }
}
