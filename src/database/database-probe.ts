import { Injectable } from '@nestjs/common';
import { Database } from './database';
import { Transaction } from './transaction';

/** Asks whether the database can be written, without changing anything that stays. */
@Injectable()
export class DatabaseProbe {
  constructor(private readonly database: Database) {}

  /** @throws DomainError or the driver's error */
  async assertWritable(): Promise<void> {
    await this.database.transaction(async (transaction) => {
      // Taking the write lock is the question; a statement that matches no row changes nothing.
      await Transaction.managerOf(transaction).query('UPDATE namespaces SET name = name WHERE id IS NULL');
    });
  }
}
