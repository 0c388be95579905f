import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { currentRequest } from '../common/http/request-context';
import { newId } from '../common/ids';
import { Database } from '../database/database';
import type { Transaction } from '../database/transaction';
import { AuditEntryRepository } from './persistence/audit-entry.repository';

/** What somebody did, as `noun.verb`. */
export interface AuditEvent {
  actor: string;
  action: string;
  targetType: string;
  targetId: string;
  namespaceId: string | null;
  /** Never a secret. */
  details?: Record<string, unknown>;
}

/** The trail of who did what. An entry is stored in the same transaction as the deed, so there is never one without the other. */
@Injectable()
export class AuditService {
  constructor(
    private readonly entries: AuditEntryRepository,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Does a deed and records it as one unit: stored both or neither. */
  perform<T>(event: AuditEvent, deed: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.database.transaction(async (transaction) => {
      const result = await deed(transaction);
      await this.record(transaction, event);
      return result;
    });
  }

  /** True when something of this kind was done before, with this among its details. */
  wasDone(action: string, name: string, value: string): Promise<boolean> {
    return this.entries.existsWith(action, name, value);
  }

  async record(transaction: Transaction, event: AuditEvent): Promise<void> {
    await this.entries.insert(transaction, {
      id: newId(),
      at: this.clock.timestamp(),
      actor: event.actor,
      action: event.action,
      targetType: event.targetType,
      targetId: event.targetId,
      namespaceId: event.namespaceId,
      details: event.details ?? {},
      requestId: currentRequest()?.requestId ?? null,
    });
  }
}
