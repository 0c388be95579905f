import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../database/database';
import { insertRow, updateRows } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import type { BuildStatus } from '../domain/build-status';
import { BuildEntity } from './build.entity';

const ACTIVE = ['queued', 'building'] as const satisfies BuildStatus[];

export type BuildChanges = Partial<Omit<BuildEntity, 'id' | 'seq' | 'versionId' | 'status' | 'eventSeq'>>;

@Injectable()
export class BuildRepository {
  constructor(private readonly database: Database) {}

  /** Stores a build at the end of the queue. @throws the driver's error while another one of the version is active */
  async insertLast(transaction: Transaction, build: Omit<BuildEntity, 'seq'>): Promise<BuildEntity> {
    const last: { seq: number | null } | undefined = await Transaction.managerOf(transaction)
      .createQueryBuilder(BuildEntity, 'build')
      .select('MAX(build.seq)', 'seq')
      .getRawOne();
    const stored = { ...build, seq: Number(last?.seq ?? 0) + 1 };
    await insertRow(transaction, BuildEntity, stored);
    return stored;
  }

  /** Changes the status if it still is `from`. False: somebody else moved it first. */
  async move(
    transaction: Transaction,
    id: string,
    from: BuildStatus,
    to: BuildStatus,
    changes: BuildChanges,
  ): Promise<boolean> {
    return (await updateRows(transaction, BuildEntity, { id, status: from }, { ...changes, status: to })) > 0;
  }

  /** Changes a build that has not ended. False when it has. */
  async updateActive(transaction: Transaction, id: string, changes: BuildChanges): Promise<boolean> {
    return (await updateRows(transaction, BuildEntity, { id, status: In([...ACTIVE]) }, changes)) > 0;
  }

  async setProblem(transaction: Transaction, id: string, errorMessage: string): Promise<void> {
    await updateRows(transaction, BuildEntity, { id }, { errorMessage });
  }

  /** Takes numbers for events inside the unit that stores them. @returns the first */
  async takeEventNumbers(transaction: Transaction, id: string, count: number): Promise<number> {
    const manager = Transaction.managerOf(transaction);
    await manager.increment(BuildEntity, { id }, 'eventSeq', count);
    const build = await manager.findOneByOrFail(BuildEntity, { id });
    return build.eventSeq - count + 1;
  }

  findById(id: string): Promise<BuildEntity | null> {
    return this.database.readManager().findOneBy(BuildEntity, { id });
  }

  /** Which of these builds have not ended. */
  async findActive(ids: string[]): Promise<Set<string>> {
    const rows = await this.database
      .readManager()
      .find(BuildEntity, { select: { id: true }, where: { id: In(ids), status: In([...ACTIVE]) } });
    return new Set(rows.map(({ id }) => id));
  }

  findIn(versionId: string, id: string): Promise<BuildEntity | null> {
    return this.database.readManager().findOneBy(BuildEntity, { id, versionId });
  }

  /** Newest first. */
  findAllOf(versionId: string): Promise<BuildEntity[]> {
    return this.database.readManager().find(BuildEntity, { where: { versionId }, order: { seq: 'DESC' } });
  }

  findActiveOf(versionId: string): Promise<BuildEntity | null> {
    return this.database.readManager().findOneBy(BuildEntity, { versionId, status: In([...ACTIVE]) });
  }

  /** The oldest first. */
  findByStatus(status: BuildStatus): Promise<BuildEntity[]> {
    return this.database.readManager().find(BuildEntity, { where: { status }, order: { seq: 'ASC' } });
  }

  /** Builds whose version was to be published when they succeeded, and is a draft still. */
  findUnpublished(): Promise<BuildEntity[]> {
    return this.database
      .readManager()
      .createQueryBuilder(BuildEntity, 'build')
      .innerJoin('provider_versions', 'version', 'version.id = build.versionId')
      .where(
        `build.status = 'success' AND build.publish = true AND build.errorMessage IS NULL AND version.status = 'draft'`,
      )
      .getMany();
  }

  async countActiveOfProvider(providerId: string): Promise<number> {
    return this.database
      .readManager()
      .createQueryBuilder(BuildEntity, 'build')
      .innerJoin('provider_versions', 'version', 'version.id = build.versionId')
      .where('version.provider_id = :providerId', { providerId })
      .andWhere('build.status IN (:...active)', { active: ACTIVE })
      .getCount();
  }
}
