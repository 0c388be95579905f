import { DomainError } from '../common/errors';

/**
 * Lets one unit of work at a time through, first come first served. SQLite has one writer, and TypeORM has one
 * connection per SQLite data source: without the queue a second transaction would become a savepoint of the first and
 * be lost with it.
 */
export class WriteQueue {
  private isBusy = false;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly maxWaitMs: number) {}

  /** Runs `work` when its turn comes. @throws DomainError `database-busy` when that takes longer than the limit. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(): Promise<void> {
    if (!this.isBusy) {
      this.isBusy = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(start), 1);
        reject(new DomainError('unavailable', 'database-busy', 'The database is busy. Try again in a moment.'));
      }, this.maxWaitMs);
      this.waiting.push(start);
    });
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.isBusy = false;
  }
}
