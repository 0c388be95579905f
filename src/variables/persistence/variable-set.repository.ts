import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Page } from '../../common/http/pagination';
import { Database } from '../../database/database';
import { findNewestFirst } from '../../database/pages';
import { insertRow } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import type { StoredVariable } from '../domain/variable';
import { VariableSetEntity } from './variable-set.entity';
import { VariableSetVariableEntity } from './variable-set-variable.entity';

@Injectable()
export class VariableSetRepository {
  constructor(private readonly database: Database) {}

  insert(transaction: Transaction, set: VariableSetEntity): Promise<void> {
    return insertRow(transaction, VariableSetEntity, set);
  }

  async update(transaction: Transaction, id: string, changes: Partial<VariableSetEntity>): Promise<void> {
    await Transaction.managerOf(transaction).update(VariableSetEntity, { id }, changes);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(VariableSetEntity, { id });
  }

  find(namespaceId: string, id: string): Promise<VariableSetEntity | null> {
    return this.database.readManager().findOneBy(VariableSetEntity, { id, namespaceId });
  }

  /** Newest first. */
  findPage(namespaceId: string, limit: number, cursor?: string): Promise<Page<VariableSetEntity>> {
    const query = this.database
      .readManager()
      .createQueryBuilder(VariableSetEntity, 'variableSet')
      .andWhere('variableSet.namespaceId = :namespaceId', { namespaceId });
    return findNewestFirst(query, limit, cursor);
  }

  /** All sets of a namespace. */
  findAllOf(namespaceId: string): Promise<VariableSetEntity[]> {
    return this.database.readManager().findBy(VariableSetEntity, { namespaceId });
  }

  /** The variables of each of these sets, in the order of its list. */
  async findVariables(setIds: string[]): Promise<Map<string, StoredVariable[]>> {
    const bySet = new Map<string, StoredVariable[]>(setIds.map((id) => [id, []]));
    if (setIds.length === 0) return bySet;
    const rows = await this.database
      .readManager()
      .find(VariableSetVariableEntity, { where: { setId: In(setIds) }, order: { position: 'ASC' } });
    for (const row of rows) bySet.get(row.setId)?.push(row);
    return bySet;
  }

  /** Puts a list in the place of the one there is. */
  async replaceVariables(transaction: Transaction, setId: string, variables: readonly StoredVariable[]): Promise<void> {
    await Transaction.managerOf(transaction).delete(VariableSetVariableEntity, { setId });
    for (const variable of variables) await insertRow(transaction, VariableSetVariableEntity, { ...variable, setId });
  }
}
