import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { decodeCursor, Page, toPage } from '../../common/http/pagination';
import { Database } from '../../database/database';
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
  async findPage(namespaceId: string | null, limit: number, cursor?: string): Promise<Page<ApiKeyEntity>> {
    const query = this.database.readManager().createQueryBuilder(ApiKeyEntity, 'key');
    if (namespaceId === null) query.where('key.namespaceId IS NULL');
    else query.where('key.namespaceId = :namespaceId', { namespaceId });
    if (cursor !== undefined) {
      const [createdAt, id] = decodeCursor(cursor, ['string', 'string'] as const);
      query.andWhere('(key.createdAt < :createdAt OR (key.createdAt = :createdAt AND key.id < :id))', {
        createdAt,
        id,
      });
    }
    const rows = await query
      .orderBy('key.createdAt', 'DESC')
      .addOrderBy('key.id', 'DESC')
      .take(limit + 1)
      .getMany();
    return toPage(rows, limit, (last) => [last.createdAt, last.id]);
  }
}
