import { Injectable } from '@nestjs/common';
import { IsNull, LessThanOrEqual, Not } from 'typeorm';
import type { Page } from '../../common/http/pagination';
import { Database } from '../../database/database';
import type { SourceHistory } from '../../database/git-source.columns';
import { countByNamespace, findNewestFirst, whereTextMatches } from '../../database/pages';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import { ModuleEntity } from './module.entity';

export interface ModuleFilter {
  namespaceId?: string;
  provider?: string;
  /** Part of name, provider, description or URL. */
  q?: string;
  limit: number;
  cursor?: string;
}

@Injectable()
export class ModuleRepository {
  constructor(private readonly database: Database) {}

  insert(transaction: Transaction, module: ModuleEntity): Promise<void> {
    return insertRow(transaction, ModuleEntity, module);
  }

  async update(transaction: Transaction, id: string, changes: Partial<ModuleEntity>): Promise<void> {
    await updateRows(transaction, ModuleEntity, { id }, changes);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(ModuleEntity, { id });
  }

  findById(id: string): Promise<ModuleEntity | null> {
    return this.database.readManager().findOneBy(ModuleEntity, { id });
  }

  /** With what a sync needs to know of earlier ones. */
  async findWithHistory(id: string): Promise<(ModuleEntity & SourceHistory) | null> {
    const query = this.database.readManager().createQueryBuilder(ModuleEntity, 'module').where({ id });
    const found = await query.addSelect(['module.passedOver', 'module.deletedVersions']).getOne();
    return found as (ModuleEntity & SourceHistory) | null;
  }

  /** What its tags are listed from, and which versions no tag may bring back. */
  async findListedFrom(
    id: string,
  ): Promise<(Pick<ModuleEntity, 'gitUrl' | 'tagPrefix' | 'subdir'> & Pick<SourceHistory, 'deletedVersions'>) | null> {
    const found = await this.database.readManager().findOne(ModuleEntity, {
      select: { id: true, gitUrl: true, tagPrefix: true, subdir: true, deletedVersions: true },
      where: { id },
    });
    return found && { ...found, deletedVersions: found.deletedVersions ?? [] };
  }

  /** By its address, whatever the case of the name. */
  findByAddress(namespaceId: string, name: string, provider: string): Promise<ModuleEntity | null> {
    return this.database.readManager().findOneBy(ModuleEntity, { namespaceId, nameKey: name.toLowerCase(), provider });
  }

  /** Newest first. */
  findPage(filter: ModuleFilter): Promise<Page<ModuleEntity>> {
    const query = this.database.readManager().createQueryBuilder(ModuleEntity, 'module');
    const { namespaceId, provider } = filter;
    if (namespaceId !== undefined) query.andWhere('module.namespaceId = :namespaceId', { namespaceId });
    if (provider !== undefined) query.andWhere('module.provider = :provider', { provider });
    whereTextMatches(query, ['name', 'provider', 'description', 'gitUrl'], filter.q);
    return findNewestFirst(query, filter.limit, filter.cursor);
  }

  /** Ids of those whose next sync is due, the longest waiting first. */
  async findDue(now: string, limit: number): Promise<string[]> {
    const rows = await this.database.readManager().find(ModuleEntity, {
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
      .findOne(ModuleEntity, { select: { id: true }, where: { webhookHash } });
    return row?.id ?? null;
  }

  countByNamespace(namespaceIds: string[]): Promise<Map<string, number>> {
    return countByNamespace(this.database.readManager().createQueryBuilder(ModuleEntity, 'module'), namespaceIds);
  }
}
