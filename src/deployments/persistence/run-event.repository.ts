import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { Database } from '../../database/database';
import { insertRow } from '../../database/rows';
import type { Transaction } from '../../database/transaction';
import type { EventStore } from '../../live-logs/event-store.port';
import type { LogPhase } from '../domain/log-phase';
import { RunEventEntity } from './run-event.entity';
import type { RunAttempt } from './run.repository';

@Injectable()
export class RunEventRepository implements EventStore<LogPhase> {
  constructor(private readonly database: Database) {}

  async insert(transaction: Transaction, event: RunEventEntity): Promise<void> {
    await insertRow(transaction, RunEventEntity, event);
  }

  /** What a reader that has seen everything up to `seq` has not, oldest first. */
  findAfter(runId: string, seq: number, limit: number): Promise<RunEventEntity[]> {
    return this.database
      .readManager()
      .find(RunEventEntity, { where: { runId, seq: MoreThan(seq) }, order: { seq: 'ASC' }, take: limit });
  }

  /** Length of the log of a phase in bytes, over all attempts. */
  async findLogSize(runId: string, phase: LogPhase): Promise<number> {
    const row: { size: number | null } | undefined = await this.database
      .readManager()
      .createQueryBuilder(RunEventEntity, 'event')
      .select('MAX(event.offset + event.size)', 'size')
      .where('event.runId = :runId AND event.phase = :phase', { runId, phase })
      .getRawOne();
    return Number(row?.size ?? 0);
  }

  /** How far the tool's output of one attempt at a run is in the log of a phase, in bytes. */
  async findSourceEnd({ id, attempt }: RunAttempt, phase: LogPhase): Promise<number> {
    const row: { source: number | null } | undefined = await this.database
      .readManager()
      .createQueryBuilder(RunEventEntity, 'event')
      .select('MAX(event.sourceEnd)', 'source')
      .where('event.runId = :id AND event.phase = :phase AND event.attempt = :attempt', { id, phase, attempt })
      .getRawOne();
    return Number(row?.source ?? 0);
  }

  /** The pieces of a log that hold any byte of `from` to `to` (exclusive), in order, at most `limit` of them. */
  findLogPieces(runId: string, phase: LogPhase, from: number, to: number, limit: number): Promise<RunEventEntity[]> {
    return this.database
      .readManager()
      .createQueryBuilder(RunEventEntity, 'event')
      .where('event.runId = :runId AND event.phase = :phase', { runId, phase })
      .andWhere('event.offset < :to AND event.offset + event.size > :from', { from, to })
      .orderBy('event.offset', 'ASC')
      .limit(limit)
      .getMany();
  }
}
