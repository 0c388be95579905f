import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../database/database';
import { insertRow } from '../../database/rows';
import { Transaction } from '../../database/transaction';
import type { StateKey } from '../domain/state-key';
import { StateLockEntity } from './state-lock.entity';
import { StateVersionEntity } from './state-version.entity';

@Injectable()
export class StateRepository {
  constructor(private readonly database: Database) {}

  /** @throws the driver's error when there is a version of this place in the order already */
  insertVersion(transaction: Transaction, version: StateVersionEntity): Promise<void> {
    return insertRow(transaction, StateVersionEntity, version);
  }

  /** Keeps the newest versions and deletes the others. */
  async trim(transaction: Transaction, { deploymentId, path }: StateKey, keep: number): Promise<void> {
    const manager = Transaction.managerOf(transaction);
    const old = await manager.find(StateVersionEntity, {
      select: { id: true },
      where: { deploymentId, path },
      order: { seq: 'DESC' },
      skip: keep,
      take: 1000,
    });
    if (old.length > 0) await manager.delete(StateVersionEntity, { id: In(old.map(({ id }) => id)) });
  }

  findNewest({ deploymentId, path }: StateKey): Promise<StateVersionEntity | null> {
    return this.database
      .readManager()
      .findOne(StateVersionEntity, { where: { deploymentId, path }, order: { seq: 'DESC' } });
  }

  /** Among the versions of a lineage; null when there are none. */
  async findHighestSerial({ deploymentId, path }: StateKey, lineage: string): Promise<number | null> {
    const where = { deploymentId, path, lineage };
    return this.database.readManager().maximum(StateVersionEntity, 'serial', where);
  }

  /** Newest first. */
  findVersions({ deploymentId, path }: StateKey): Promise<StateVersionEntity[]> {
    return this.database
      .readManager()
      .find(StateVersionEntity, { where: { deploymentId, path }, order: { seq: 'DESC' } });
  }

  findVersion({ deploymentId, path }: StateKey, id: string): Promise<StateVersionEntity | null> {
    return this.database.readManager().findOneBy(StateVersionEntity, { id, deploymentId, path });
  }

  /** The newest version of every folder of a deployment. */
  async findNewestOfEach(deploymentId: string): Promise<StateVersionEntity[]> {
    return this.database
      .readManager()
      .createQueryBuilder(StateVersionEntity, 'version')
      .where('version.deploymentId = :deploymentId', { deploymentId })
      .andWhere(
        `version.seq = (SELECT MAX(newest.seq) FROM state_versions newest
          WHERE newest.deployment_id = version.deployment_id AND newest.path = version.path)`,
      )
      .getMany();
  }

  async findReferenced(sha256s: string[]): Promise<Set<string>> {
    const rows = await this.database
      .readManager()
      .find(StateVersionEntity, { select: { blobSha256: true }, where: { blobSha256: In(sha256s) } });
    return new Set(rows.map(({ blobSha256 }) => blobSha256));
  }

  /** @throws the driver's error when the lock is held */
  insertLock(transaction: Transaction, lock: StateLockEntity): Promise<void> {
    return insertRow(transaction, StateLockEntity, lock);
  }

  async deleteLock(transaction: Transaction, { deploymentId, path }: StateKey): Promise<void> {
    await Transaction.managerOf(transaction).delete(StateLockEntity, { deploymentId, path });
  }

  findLock({ deploymentId, path }: StateKey): Promise<StateLockEntity | null> {
    return this.database.readManager().findOneBy(StateLockEntity, { deploymentId, path });
  }
}
