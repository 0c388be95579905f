import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Page } from '../../common/http/pagination';
import { Database } from '../../database/database';
import { countByNamespace, findNewestFirst, whereTextMatches } from '../../database/pages';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import type { RunStatus } from '../domain/run-status';
import { DeploymentEntity } from './deployment.entity';

export interface DeploymentFilter {
  namespaceId?: string;
  /** Of the last run; `none`: never run. */
  status?: RunStatus | 'none';
  /** Part of name, description or URL. */
  q?: string;
  limit: number;
  cursor?: string;
}

@Injectable()
export class DeploymentRepository {
  constructor(private readonly database: Database) {}

  async insert(transaction: Transaction, deployment: DeploymentEntity): Promise<void> {
    await insertRow(transaction, DeploymentEntity, deployment);
  }

  async update(transaction: Transaction, id: string, changes: Partial<DeploymentEntity>): Promise<void> {
    await updateRows(transaction, DeploymentEntity, { id }, changes);
  }

  async delete(transaction: Transaction, id: string): Promise<void> {
    await Transaction.managerOf(transaction).delete(DeploymentEntity, { id });
  }

  findById(id: string): Promise<DeploymentEntity | null> {
    return this.database.readManager().findOneBy(DeploymentEntity, { id });
  }

  /** The deployment of this name in a namespace, whatever the case of its letters. */
  findByName(namespaceId: string, name: string): Promise<DeploymentEntity | null> {
    return this.database
      .readManager()
      .createQueryBuilder(DeploymentEntity, 'deployment')
      .where('deployment.namespaceId = :namespaceId AND LOWER(deployment.name) = :name', {
        namespaceId,
        name: name.toLowerCase(),
      })
      .getOne();
  }

  async findNamesAndNamespaces(ids: string[]): Promise<Map<string, { name: string; namespaceId: string }>> {
    const rows = await this.database
      .readManager()
      .find(DeploymentEntity, { select: { id: true, name: true, namespaceId: true }, where: { id: In(ids) } });
    return new Map(rows.map(({ id, name, namespaceId }) => [id, { name, namespaceId }]));
  }

  /** Newest first. */
  async findPage(filter: DeploymentFilter): Promise<Page<DeploymentEntity>> {
    const query = this.database.readManager().createQueryBuilder(DeploymentEntity, 'deployment');
    if (filter.namespaceId !== undefined) {
      query.andWhere('deployment.namespaceId = :namespaceId', { namespaceId: filter.namespaceId });
    }
    whereTextMatches(query, ['name', 'description', 'gitUrl'], filter.q);
    if (filter.status === 'none') {
      query.andWhere('NOT EXISTS (SELECT 1 FROM runs WHERE runs.deployment_id = deployment.id)');
    } else if (filter.status !== undefined) {
      // As a value of the deployment and not as a join: that would begin with all runs of this status.
      query.andWhere(
        `(SELECT runs.status FROM runs WHERE runs.deployment_id = deployment.id ORDER BY runs.seq DESC LIMIT 1) = :status`,
        { status: filter.status },
      );
    }
    return findNewestFirst(query, filter.limit, filter.cursor);
  }

  countByNamespace(namespaceIds: string[]): Promise<Map<string, number>> {
    return countByNamespace(
      this.database.readManager().createQueryBuilder(DeploymentEntity, 'deployment'),
      namespaceIds,
    );
  }
}
