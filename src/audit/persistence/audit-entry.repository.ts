import { Injectable } from '@nestjs/common';
import { decodeCursor, Page, toPage } from '../../common/http/pagination';
import { Database } from '../../database/database';
import { insertRow } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import { AuditEntryEntity } from './audit-entry.entity';

export interface AuditFilter {
  namespaceId: string | null;
  actor?: string;
  action?: string;
  since?: string;
  limit: number;
  cursor?: string;
}

@Injectable()
export class AuditEntryRepository {
  constructor(private readonly database: Database) {}

  async insert(transaction: Transaction, entry: AuditEntryEntity): Promise<void> {
    await insertRow(transaction, AuditEntryEntity, entry);
  }

  /** True when there is an entry of this action whose details hold this pair. */
  async existsWith(action: string, name: string, value: string): Promise<boolean> {
    const count = await this.database
      .readManager()
      .createQueryBuilder(AuditEntryEntity, 'entry')
      .where('entry.action = :action AND entry.details LIKE :pair', {
        action,
        pair: `%${JSON.stringify(name)}:${JSON.stringify(value)}%`,
      })
      .getCount();
    return count > 0;
  }

  /** Newest first. `namespaceId` null: of the whole platform. */
  async findPage(filter: AuditFilter): Promise<Page<AuditEntryEntity>> {
    const query = this.database.readManager().createQueryBuilder(AuditEntryEntity, 'entry');
    if (filter.namespaceId !== null)
      query.andWhere('entry.namespaceId = :namespace', { namespace: filter.namespaceId });
    if (filter.actor !== undefined) query.andWhere('entry.actor = :actor', { actor: filter.actor });
    if (filter.action !== undefined) query.andWhere('entry.action = :action', { action: filter.action });
    if (filter.since !== undefined) query.andWhere('entry.at >= :since', { since: filter.since });
    if (filter.cursor !== undefined) {
      const [at, id] = decodeCursor(filter.cursor, ['string', 'string'] as const);
      query.andWhere('(entry.at < :at OR (entry.at = :at AND entry.id < :id))', { at, id });
    }
    const rows = await query
      .orderBy('entry.at', 'DESC')
      .addOrderBy('entry.id', 'DESC')
      .take(filter.limit + 1)
      .getMany();
    return toPage(rows, filter.limit, (last) => [last.at, last.id]);
  }
}
