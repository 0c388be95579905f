import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { Database } from '../../database/database';
import { insertRow } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import type { EventStore } from '../../live-logs/event-store.port';
import { BuildEventEntity } from './build-event.entity';

@Injectable()
export class BuildEventRepository implements EventStore {
  constructor(private readonly database: Database) {}

  async insert(transaction: Transaction, event: BuildEventEntity): Promise<void> {
    await insertRow(transaction, BuildEventEntity, event);
  }

  findAfter(buildId: string, seq: number, limit: number): Promise<BuildEventEntity[]> {
    return this.database
      .readManager()
      .find(BuildEventEntity, { where: { buildId, seq: MoreThan(seq) }, order: { seq: 'ASC' }, take: limit });
  }

  async findLogSize(buildId: string, phase: string): Promise<number> {
    const row: { size: number | null } | undefined = await this.database
      .readManager()
      .createQueryBuilder(BuildEventEntity, 'event')
      .select('MAX(event.offset + event.size)', 'size')
      .where('event.buildId = :buildId AND event.phase = :phase', { buildId, phase })
      .getRawOne();
    return Number(row?.size ?? 0);
  }

  findLogPieces(buildId: string, phase: string, from: number, to: number, limit: number): Promise<BuildEventEntity[]> {
    return this.database
      .readManager()
      .createQueryBuilder(BuildEventEntity, 'event')
      .where('event.buildId = :buildId AND event.phase = :phase', { buildId, phase })
      .andWhere('event.offset < :to AND event.offset + event.size > :from', { from, to })
      .orderBy('event.offset', 'ASC')
      .limit(limit)
      .getMany();
  }
}
