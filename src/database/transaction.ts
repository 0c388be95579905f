import type { EntityManager } from 'typeorm';

/**
 * An open unit of work. Services only pass it on; the one place that looks inside is a repository, through
 * `managerOf`. It must not be kept after the work that was given it has ended.
 */
export class Transaction {
  readonly #manager: EntityManager;
  #open = true;

  constructor(manager: EntityManager) {
    this.#manager = manager;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Called by the transaction runner alone. */
  close(): void {
    this.#open = false;
  }

  /** For repositories: @throws Error when the unit of work has ended, since the write would escape it. */
  static managerOf(transaction: Transaction): EntityManager {
    if (!transaction.#open) throw new Error('This transaction has ended; its handle was kept too long.');
    return transaction.#manager;
  }
}
