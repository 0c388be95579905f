import {
  type EntityTarget,
  type FindOptionsWhere,
  IsNull,
  LessThanOrEqual,
  Not,
  type SelectQueryBuilder,
} from 'typeorm';
import type { Page } from '../common/http/pagination';
import type { Database } from './database';
import type { GitSourceColumns, SourceHistory } from './git-source.columns';
import { countByNamespace, findNewestFirst, whereTextMatches } from './pages';
import { insertRow, updateRows } from './rows';
import { Transaction } from './transaction';

type GitSourceRow = GitSourceColumns & { id: string; namespaceId: string; createdAt: string };

/** Which rows a list shows. */
export interface GitSourceFilter {
  namespaceId?: string;
  /** Part of one of the texts that are searched. */
  q?: string;
  limit: number;
  cursor?: string;
}

/** What the tables of modules and providers have in common. TypeORM's types know no columns of a row that is generic. */
export abstract class GitSourceRepository<E extends GitSourceRow> {
  /**
   * @param entity its class
   * @param searched names of the columns that a list is searched in
   */
  protected constructor(
    protected readonly database: Database,
    private readonly entity: EntityTarget<E>,
    private readonly searched: string[],
  ) {}

  insert(transaction: Transaction, row: E): Promise<void> {
    return insertRow(transaction, this.entity, row);
  }

  async update(transaction: Transaction, id: string, changes: Partial<E>): Promise<void> {
    await updateRows(transaction, this.entity, { id }, changes);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(this.entity, { id });
  }

  findById(id: string): Promise<E | null> {
    return this.database.readManager().findOneBy(this.entity, { id } as FindOptionsWhere<E>);
  }

  /** With what a sync needs to know of earlier ones. */
  async findWithHistory(id: string): Promise<(E & SourceHistory) | null> {
    const query = this.query().where({ id });
    const found = await query.addSelect(['source.passedOver', 'source.deletedVersions']).getOne();
    return found as (E & SourceHistory) | null;
  }

  /** Newest first. `restrict` may add conditions on the row, which is called `source`. */
  findPage(filter: GitSourceFilter, restrict?: (query: SelectQueryBuilder<E>) => void): Promise<Page<E>> {
    const query = this.query();
    const { namespaceId } = filter;
    if (namespaceId !== undefined) query.andWhere('source.namespaceId = :namespaceId', { namespaceId });
    restrict?.(query);
    whereTextMatches(query, this.searched, filter.q);
    return findNewestFirst(query, filter.limit, filter.cursor);
  }

  /** Ids of those whose next sync is due, the longest waiting first. */
  async findDue(now: string, limit: number): Promise<string[]> {
    const rows = await this.query()
      .select('source.id')
      .where({ syncDueAt: LessThanOrEqual(now), gitUrl: Not(IsNull()) })
      .orderBy('source.syncDueAt', 'ASC')
      .limit(limit)
      .getMany();
    return rows.map(({ id }) => id);
  }

  async findIdByWebhook(webhookHash: string): Promise<string | null> {
    return (await this.query().select('source.id').where({ webhookHash }).getOne())?.id ?? null;
  }

  /** How many each of these namespaces has; one without any is absent. */
  countByNamespace(namespaceIds: string[]): Promise<Map<string, number>> {
    return countByNamespace(this.query(), namespaceIds);
  }

  private query(): SelectQueryBuilder<E> {
    return this.database.readManager().createQueryBuilder(this.entity, 'source');
  }
}
