import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Page } from '../../common/http/pagination';
import { Database } from '../../database/database';
import { findNewestFirst } from '../../database/pages';
import { Transaction } from '../../database/transaction';
import { NamespaceEntity } from './namespace.entity';

@Injectable()
export class NamespaceRepository {
  constructor(private readonly database: Database) {}

  async insert(transaction: Transaction, namespace: NamespaceEntity): Promise<void> {
    await Transaction.managerOf(transaction).insert(NamespaceEntity, namespace);
  }

  async update(transaction: Transaction, id: string, changes: Partial<NamespaceEntity>): Promise<void> {
    await Transaction.managerOf(transaction).update(NamespaceEntity, { id }, changes);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(NamespaceEntity, { id });
  }

  findById(id: string): Promise<NamespaceEntity | null> {
    return this.database.readManager().findOneBy(NamespaceEntity, { id });
  }

  findByName(name: string): Promise<NamespaceEntity | null> {
    return this.database.readManager().findOneBy(NamespaceEntity, { name });
  }

  async findNames(ids: string[]): Promise<Map<string, string>> {
    const rows = await this.database.readManager().findBy(NamespaceEntity, { id: In(ids) });
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** Newest first; of one namespace alone when `onlyId` is given. */
  findPage(onlyId: string | null, limit: number, cursor?: string): Promise<Page<NamespaceEntity>> {
    const query = this.database.readManager().createQueryBuilder(NamespaceEntity, 'namespace');
    if (onlyId !== null) query.andWhere('namespace.id = :onlyId', { onlyId });
    return findNewestFirst(query, limit, cursor);
  }
}
