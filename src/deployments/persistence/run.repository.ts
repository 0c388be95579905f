import { Injectable } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import { Page, toPage } from '../../common/http/pagination';
import { Database } from '../../database/database';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import { needsNobody } from '../domain/approval-policy';
import { ACTIVE_STATUSES, AT_WORK_STATUSES, FINAL_STATUSES, RunStatus } from '../domain/run-status';
import type { RunTimes } from '../domain/run-estimate';
import type { QueuedRun } from '../domain/run-queue';
import { DeploymentEntity } from './deployment.entity';
import { RunEntity } from './run.entity';
import { runConditions, type RunFilter } from './run-page.query';

/** What an estimate is made from. */
const HISTORY_RUNS = 20;
const HISTORY_REACH = 500;

/**
 * A run in the hands of one attempt at it. Each change of it is made for this attempt alone: when another one was begun
 * meanwhile, what is left of this one changes nothing any more.
 */
export type RunAttempt = Pick<RunEntity, 'id' | 'attempt'>;

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
   * The one place where a status is written: a compare-and-set. False when the run is no longer in the status or the
   * attempt it was read with: somebody else moved it, and this change must not be made.
   */
  async move(
    transaction: Transaction,
    { id, attempt, status }: RunAttempt & Pick<RunEntity, 'status'>,
    to: RunStatus,
    changes: RunChanges,
  ): Promise<boolean> {
    return (await updateRows(transaction, RunEntity, { id, attempt, status }, { ...changes, status: to })) === 1;
  }

  /** Changes what is not the status, of a run that has not ended and is in this attempt. False when it is not. */
  async updateActive(transaction: Transaction, { id, attempt }: RunAttempt, changes: RunChanges): Promise<boolean> {
    const condition = { id, attempt, status: In([...ACTIVE_STATUSES]) };
    return (await updateRows(transaction, RunEntity, condition, changes)) === 1;
  }

  /**
   * Takes the next numbers for events of a run; returns the first of them, or null when the run is gone or in another
   * attempt.
   */
  async takeEventNumbers(transaction: Transaction, { id, attempt }: RunAttempt, count: number): Promise<number | null> {
    // In lower case: TypeORM gives back the rows of no statement that begins with `UPDATE`.
    const rows: { event_seq: number }[] = await Transaction.managerOf(transaction).query(
      'update runs set event_seq = event_seq + ? where id = ? and attempt = ? returning event_seq',
      [count, id, attempt],
    );
    const [run] = rows;
    return run ? run.event_seq - count + 1 : null;
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(RunEntity, { id });
  }

  findById(id: string): Promise<RunEntity | null> {
    return this.database.readManager().findOneBy(RunEntity, { id });
  }

  /** Newest first. @throws DomainError for a bad cursor */
  async findPage(filter: RunFilter): Promise<Page<RunEntity>> {
    const query = this.database.readManager().createQueryBuilder(RunEntity, 'run');
    const { conditions, parameters } = runConditions(filter);
    if (conditions.length > 0) query.where(conditions.join(' AND '), parameters);
    const rows = await query
      .orderBy('run.seq', 'DESC')
      .take(filter.limit + 1)
      .getMany();
    return toPage(rows, filter.limit, (last) => [last.seq]);
  }

  /** All that have not ended, oldest first, as they were at one moment: a run is in one status, not in two or none. */
  async findQueued(): Promise<QueuedRun[]> {
    type Flag = number | boolean;
    const rows: (Omit<QueuedRun, 'needsNobody'> & { autoApprove: Flag; required: number; notByRequester: Flag })[] =
      await this.database
        .readManager()
        .createQueryBuilder(RunEntity, 'run')
        .innerJoin(DeploymentEntity, 'deployment', 'deployment.id = run.deploymentId')
        .select('run.id', 'id')
        .addSelect('run.deploymentId', 'deploymentId')
        .addSelect('run.namespaceId', 'namespaceId')
        .addSelect('run.path', 'path')
        .addSelect('run.operation', 'operation')
        .addSelect('run.status', 'status')
        .addSelect('run.autoApprove', 'autoApprove')
        .addSelect('deployment.approvalRequired', 'required')
        .addSelect('deployment.approvalNotByRequester', 'notByRequester')
        .addSelect('run.startedAt', 'startedAt')
        .addSelect('run.approvedAt', 'approvedAt')
        .where('run.status IN (:...statuses)', { statuses: ACTIVE_STATUSES })
        .orderBy('run.seq', 'ASC')
        .getRawMany();
    return rows.map(({ autoApprove, required, notByRequester, ...row }) => ({
      ...row,
      needsNobody: needsNobody({ required, not_by_requester: Boolean(notByRequester) }, Boolean(autoApprove)),
    }));
  }

  /**
   * When the last runs of each of these deployments that began and ended were where: up to `HISTORY_RUNS` of each,
   * among the newest `HISTORY_REACH`, so that the answer takes no longer for a long history.
   */
  async findTimes(deploymentIds: string[]): Promise<RunTimes[]> {
    if (deploymentIds.length === 0) return [];
    const marks = (values: readonly string[]): string => values.map(() => '?').join(', ');
    return this.database.readManager().query(
      `SELECT run.deployment_id AS "deploymentId", run.status AS "status", run.started_at AS "startedAt",
              run.planned_at AS "plannedAt", run.approved_at AS "approvedAt", run.completed_at AS "completedAt"
       FROM deployments JOIN runs run ON run.deployment_id = deployments.id
       WHERE deployments.id IN (${marks(deploymentIds)})
         AND run.seq IN (
           SELECT ended.seq
           FROM (SELECT seq, status, started_at FROM runs WHERE deployment_id = deployments.id
                 ORDER BY seq DESC LIMIT ${HISTORY_REACH}) ended
           WHERE ended.status IN (${marks(FINAL_STATUSES)}) AND ended.started_at IS NOT NULL
           ORDER BY ended.seq DESC LIMIT ${HISTORY_RUNS})`,
      [...deploymentIds, ...FINAL_STATUSES],
    );
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
    // One look into the index for each; with GROUP BY it would be a look at every run they ever had.
    const last: { seq: number | null }[] = await manager.query(
      `SELECT (SELECT MAX(runs.seq) FROM runs WHERE runs.deployment_id = deployments.id) AS seq
       FROM deployments WHERE deployments.id IN (${deploymentIds.map(() => '?').join(', ')})`,
      deploymentIds,
    );
    const runs = await manager.findBy(RunEntity, { seq: In(last.flatMap(({ seq }) => seq ?? [])) });
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
}
