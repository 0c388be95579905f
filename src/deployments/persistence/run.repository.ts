import { Injectable } from '@nestjs/common';
import { In, LessThan, SelectQueryBuilder } from 'typeorm';
import { decodeCursor, Page, toPage } from '../../common/http/pagination';
import { Database } from '../../database/database';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import { ACTIVE_STATUSES, AT_WORK_STATUSES, RunStatus } from '../domain/run-status';
import type { QueuedRun } from '../domain/run-queue';
import { DeploymentEntity } from './deployment.entity';
import { RunEntity } from './run.entity';

export interface RunFilter {
  deploymentId?: string;
  namespaceId?: string;
  path?: string;
  status?: RunStatus;
  limit: number;
  cursor?: string;
}

/** What may change together with the status. */
export type RunChanges = Partial<Omit<RunEntity, 'id' | 'seq' | 'deploymentId' | 'status' | 'eventSeq'>>;

@Injectable()
export class RunRepository {
  constructor(private readonly database: Database) {}

  /** Stores a run at the end of the queue; sets its `seq`. */
  async insertLast(transaction: Transaction, run: Omit<RunEntity, 'seq'>): Promise<RunEntity> {
    const [last] = await Transaction.managerOf(transaction).find(RunEntity, {
      select: { id: true, seq: true },
      order: { seq: 'DESC' },
      take: 1,
    });
    const stored = { ...run, seq: (last?.seq ?? 0) + 1 };
    await insertRow(transaction, RunEntity, stored);
    return stored;
  }

  /**
   * The one place where a status is written: a compare-and-set. False when the run is no longer in `from`: somebody
   * else moved it, and this change must not be made.
   */
  async move(
    transaction: Transaction,
    id: string,
    from: RunStatus,
    to: RunStatus,
    changes: RunChanges,
  ): Promise<boolean> {
    return (await updateRows(transaction, RunEntity, { id, status: from }, { ...changes, status: to })) === 1;
  }

  /** Changes what is not the status, of a run that has not ended. False when it has. */
  async updateActive(transaction: Transaction, id: string, changes: RunChanges): Promise<boolean> {
    return (await updateRows(transaction, RunEntity, { id, status: In([...ACTIVE_STATUSES]) }, changes)) === 1;
  }

  /** Takes the next numbers for events of a run; returns the first of them. */
  async takeEventNumbers(transaction: Transaction, id: string, count: number): Promise<number> {
    // In lower case: TypeORM gives back the rows of no statement that begins with `UPDATE`.
    const rows: { event_seq: number }[] = await Transaction.managerOf(transaction).query(
      'update runs set event_seq = event_seq + ? where id = ? returning event_seq',
      [count, id],
    );
    const [run] = rows;
    if (!run) throw new Error(`Run ${id} is gone; its event cannot be stored.`);
    return run.event_seq - count + 1;
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(RunEntity, { id });
  }

  findById(id: string): Promise<RunEntity | null> {
    return this.database.readManager().findOneBy(RunEntity, { id });
  }

  /** Newest first. */
  async findPage(filter: RunFilter): Promise<Page<RunEntity>> {
    const query = this.database.readManager().createQueryBuilder(RunEntity, 'run');
    if (filter.deploymentId !== undefined) {
      query.andWhere('run.deploymentId = :deploymentId', { deploymentId: filter.deploymentId });
    }
    if (filter.namespaceId !== undefined) this.inNamespace(query, filter.namespaceId);
    if (filter.path !== undefined) query.andWhere('run.path = :path', { path: filter.path });
    if (filter.status !== undefined) query.andWhere('run.status = :status', { status: filter.status });
    if (filter.cursor !== undefined) {
      const [seq] = decodeCursor(filter.cursor, ['number'] as const);
      query.andWhere('run.seq < :seq', { seq });
    }
    const rows = await query
      .orderBy('run.seq', 'DESC')
      .take(filter.limit + 1)
      .getMany();
    return toPage(rows, filter.limit, (last) => [last.seq]);
  }

  /** All that wait for their start, oldest first. */
  findPending(): Promise<QueuedRun[]> {
    return this.findQueued(['pending']);
  }

  /** All that have started and not ended: those that may hold a path. */
  findHolders(): Promise<QueuedRun[]> {
    return this.findQueued(ACTIVE_STATUSES.filter((status) => status !== 'pending'));
  }

  /** Those whose work a server that starts must take up, oldest first. */
  findAtWork(): Promise<RunEntity[]> {
    return this.database
      .readManager()
      .find(RunEntity, { where: { status: In([...AT_WORK_STATUSES]) }, order: { seq: 'ASC' } });
  }

  findExpiredApprovals(plannedBefore: string): Promise<RunEntity[]> {
    return this.database.readManager().find(RunEntity, {
      where: { status: 'awaiting_approval', plannedAt: LessThan(plannedBefore) },
      order: { seq: 'ASC' },
    });
  }

  countActive(deploymentId: string): Promise<number> {
    return this.database.readManager().countBy(RunEntity, { deploymentId, status: In([...ACTIVE_STATUSES]) });
  }

  /** How many runs are in each status. */
  async countByStatus(): Promise<Map<RunStatus, number>> {
    const rows: { status: RunStatus; count: string | number }[] = await this.database
      .readManager()
      .createQueryBuilder(RunEntity, 'run')
      .select('run.status', 'status')
      .addSelect('COUNT(*)', 'count')
      .groupBy('run.status')
      .getRawMany();
    return new Map(rows.map(({ status, count }) => [status, Number(count)]));
  }

  /** The newest run of each of these deployments. */
  async findLastOf(deploymentIds: string[]): Promise<Map<string, RunEntity>> {
    if (deploymentIds.length === 0) return new Map();
    const manager = this.database.readManager();
    const last: { seq: number }[] = await manager
      .createQueryBuilder(RunEntity, 'run')
      .select('MAX(run.seq)', 'seq')
      .where('run.deploymentId IN (:...deploymentIds)', { deploymentIds })
      .groupBy('run.deploymentId')
      .getRawMany();
    const runs = await manager.findBy(RunEntity, { seq: In(last.map(({ seq }) => seq)) });
    return new Map(runs.map((run) => [run.deploymentId, run]));
  }

  /** Ids of all runs of a deployment. */
  async findIdsOf(deploymentId: string): Promise<string[]> {
    const runs = await this.database.readManager().find(RunEntity, { select: { id: true }, where: { deploymentId } });
    return runs.map(({ id }) => id);
  }

  /** What the sweeper asks of the runs that directories are named after. */
  async findEnds(ids: string[]): Promise<Map<string, { status: RunStatus; completedAt: string | null }>> {
    if (ids.length === 0) return new Map();
    const runs = await this.database
      .readManager()
      .find(RunEntity, { select: { id: true, status: true, completedAt: true }, where: { id: In(ids) } });
    return new Map(runs.map(({ id, status, completedAt }) => [id, { status, completedAt }]));
  }

  private inNamespace(query: SelectQueryBuilder<RunEntity>, namespaceId: string): void {
    const inside = query
      .subQuery()
      .select('deployment.id')
      .from(DeploymentEntity, 'deployment')
      .where('deployment.namespaceId = :namespaceId')
      .getQuery();
    query.andWhere(`run.deploymentId IN ${inside}`, { namespaceId });
  }

  private findQueued(statuses: RunStatus[]): Promise<QueuedRun[]> {
    return this.database.readManager().find(RunEntity, {
      select: { id: true, deploymentId: true, path: true, operation: true },
      where: { status: In(statuses) },
      order: { seq: 'ASC' },
    });
  }
}
