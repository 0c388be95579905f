import type { EntityTarget } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity';
import { Transaction } from './transaction';

/**
 * Inserts one whole row. TypeORM's own type for it cannot say that a JSON column takes any JSON, so the cast stands
 * here once.
 */
export async function insertRow<T extends object>(
  transaction: Transaction,
  entity: EntityTarget<T>,
  row: T,
): Promise<void> {
  await Transaction.managerOf(transaction).insert(entity, row);
}

/** Changes the rows that match `where`; returns how many did. */
export async function updateRows<T extends object>(
  transaction: Transaction,
  entity: EntityTarget<T>,
  where: Parameters<ReturnType<typeof Transaction.managerOf>['update']>[1],
  changes: Partial<T>,
): Promise<number> {
  const result = await Transaction.managerOf(transaction).update(entity, where, changes as QueryDeepPartialEntity<T>);
  return result.affected ?? 0;
}
