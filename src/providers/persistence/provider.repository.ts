import { Injectable } from '@nestjs/common';
import { IsNull, LessThanOrEqual, Not } from 'typeorm';
import type { Page } from '../../common/http/pagination';
import { Database } from '../../database/database';
import type { SourceHistory } from '../../database/git-source.columns';
import { countByNamespace, findNewestFirst, whereTextMatches } from '../../database/pages';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import { ProviderEntity } from './provider.entity';

export interface ProviderFilter {
  namespaceId?: string;
  /** Part of name, description or URL. */
  q?: string;
  limit: number;
  cursor?: string;
}

@Injectable()
export class ProviderRepository {
  constructor(private readonly database: Database) {}

  insert(transaction: Transaction, provider: ProviderEntity): Promise<void> {
    return insertRow(transaction, ProviderEntity, provider);
  }

  async update(transaction: Transaction, id: string, changes: Partial<ProviderEntity>): Promise<void> {
    await updateRows(transaction, ProviderEntity, { id }, changes);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(ProviderEntity, { id });
  }

  findById(id: string): Promise<ProviderEntity | null> {
    return this.database.readManager().findOneBy(ProviderEntity, { id });
  }

  /** With what a sync needs to know of earlier ones. */
  async findWithHistory(id: string): Promise<(ProviderEntity & SourceHistory) | null> {
    const query = this.database.readManager().createQueryBuilder(ProviderEntity, 'provider').where({ id });
    const found = await query.addSelect(['provider.passedOver', 'provider.deletedVersions']).getOne();
    return found as (ProviderEntity & SourceHistory) | null;
  }

  /** What its tags are listed from, and which versions no tag may bring back. */
  async findListedFrom(
    id: string,
  ): Promise<(Pick<ProviderEntity, 'gitUrl' | 'tagPrefix'> & Pick<SourceHistory, 'deletedVersions'>) | null> {
    const found = await this.database.readManager().findOne(ProviderEntity, {
      select: { id: true, gitUrl: true, tagPrefix: true, deletedVersions: true },
      where: { id },
    });
    return found && { ...found, deletedVersions: found.deletedVersions ?? [] };
  }

  findByName(namespaceId: string, name: string): Promise<ProviderEntity | null> {
    return this.database.readManager().findOneBy(ProviderEntity, { namespaceId, name });
  }

  /** Newest first. */
  findPage(filter: ProviderFilter): Promise<Page<ProviderEntity>> {
    const query = this.database.readManager().createQueryBuilder(ProviderEntity, 'provider');
    const { namespaceId } = filter;
    if (namespaceId !== undefined) query.andWhere('provider.namespaceId = :namespaceId', { namespaceId });
    whereTextMatches(query, ['name', 'description', 'gitUrl'], filter.q);
    return findNewestFirst(query, filter.limit, filter.cursor);
  }

  /** Ids of those whose next sync is due, the longest waiting first. */
  async findDue(now: string, limit: number): Promise<string[]> {
    const rows = await this.database.readManager().find(ProviderEntity, {
      select: { id: true },
      where: { syncDueAt: LessThanOrEqual(now), gitUrl: Not(IsNull()) },
      order: { syncDueAt: 'ASC' },
      take: limit,
    });
    return rows.map(({ id }) => id);
  }

  async findIdByWebhook(webhookHash: string): Promise<string | null> {
    const row = await this.database
      .readManager()
      .findOne(ProviderEntity, { select: { id: true }, where: { webhookHash } });
    return row?.id ?? null;
  }

  countByNamespace(namespaceIds: string[]): Promise<Map<string, number>> {
    return countByNamespace(this.database.readManager().createQueryBuilder(ProviderEntity, 'provider'), namespaceIds);
  }
}
