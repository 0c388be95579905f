import { Injectable } from '@nestjs/common';
import { In, IsNull } from 'typeorm';
import type { Page } from '../../common/http/pagination';
import { Database } from '../../database/database';
import { findNewestFirst } from '../../database/pages';
import { Transaction } from '../../database/transaction';
import { ApiKeyEntity } from './api-key.entity';

@Injectable()
export class ApiKeyRepository {
  constructor(private readonly database: Database) {}

  async insert(transaction: Transaction, key: ApiKeyEntity): Promise<void> {
    await Transaction.managerOf(transaction).insert(ApiKeyEntity, key);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(ApiKeyEntity, { id });
  }

  async recordUse(transaction: Transaction, id: string, at: string): Promise<void> {
    await Transaction.managerOf(transaction).update(ApiKeyEntity, { id }, { lastUsedAt: at });
  }

  findByHash(keyHash: string): Promise<ApiKeyEntity | null> {
    return this.database.readManager().findOneBy(ApiKeyEntity, { keyHash });
  }

  /** A key of this namespace, or a platform key for null. */
  findIn(namespaceId: string | null, id: string): Promise<ApiKeyEntity | null> {
    return this.database.readManager().findOneBy(ApiKeyEntity, { id, namespaceId: namespaceId ?? IsNull() });
  }

  async findExisting(ids: string[]): Promise<Set<string>> {
    const keys = await this.database.readManager().find(ApiKeyEntity, { select: { id: true }, where: { id: In(ids) } });
    return new Set(keys.map(({ id }) => id));
  }

  /** Platform admin keys that never expire, but for `exceptId`: those that keep the platform administrable. */
  countLastingAdmins(exceptId?: string): Promise<number> {
    const query = this.database
      .readManager()
      .createQueryBuilder(ApiKeyEntity, 'key')
      .where(`key.namespaceId IS NULL AND key.permissions = 'admin' AND key.expiresAt IS NULL`);
    if (exceptId !== undefined) query.andWhere('key.id <> :exceptId', { exceptId });
    return query.getCount();
  }

  /** Newest first. */
  findPage(namespaceId: string | null, limit: number, cursor?: string): Promise<Page<ApiKeyEntity>> {
    const query = this.database.readManager().createQueryBuilder(ApiKeyEntity, 'key');
    if (namespaceId === null) query.where('key.namespaceId IS NULL');
    else query.where('key.namespaceId = :namespaceId', { namespaceId });
    return findNewestFirst(query, limit, cursor);
  }
}
