import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, EntityManager } from 'typeorm';
import type { DatabaseFile } from './database-file';
import { toDomainError } from './driver-errors';
import { Transaction } from './transaction';
import { WriteQueue } from './write-queue';

const MAX_WAIT_MS = 30_000;

/**
 * The one way to the database. Reads go to connections of their own and see only what is committed; writes go
 * through `transaction`, which queues on the one write connection. A nested `transaction` joins the outer one.
 * Inside a transaction there are database calls only: no process, no network, no event, no waiting for anything else.
 */
export class Database {
  private readonly queue = new WriteQueue(MAX_WAIT_MS);
  private readonly current = new AsyncLocalStorage<Transaction>();

  constructor(
    readonly writer: DataSource,
    readonly reader: DataSource,
    private readonly file: DatabaseFile,
  ) {}

  /**
   * Runs `work` as one unit: all of its writes are stored when it returns, none when it throws. The caller goes on
   * only after the commit.
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const outer = this.current.getStore();
    if (outer?.isOpen) return work(outer);
    try {
      return await this.queue.run(() => this.runAlone(work));
    } catch (error) {
      throw toDomainError(error);
    }
  }

  /** For repositories: where to read. Inside a unit of work its own writes are seen, otherwise what is committed. */
  readManager(): EntityManager {
    const current = this.current.getStore();
    return current?.isOpen ? Transaction.managerOf(current) : this.reader.manager;
  }

  async close(): Promise<void> {
    await this.queue.run(async () => {
      if (this.reader.isInitialized) await this.reader.destroy();
      if (this.writer.isInitialized) await this.writer.destroy();
    });
  }

  /**
   * Not by TypeORM's own `transaction`: SQLite rolls back by itself when the disk is full, TypeORM's ROLLBACK then
   * fails, and from there on it takes every unit for a nested one and commits none.
   */
  private async runAlone<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const runner = this.writer.createQueryRunner();
    await runner.query('BEGIN IMMEDIATE');
    try {
      const result = await this.runIn(runner.manager, work);
      // Last, since whoever is told that it is stored will rely on it.
      this.file.assertInPlace();
      await runner.query('COMMIT');
      return result;
    } catch (error) {
      await runner.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private async runIn<T>(manager: EntityManager, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction = new Transaction(manager);
    try {
      return await this.current.run(transaction, () => work(transaction));
    } finally {
      transaction.close();
    }
  }
}
