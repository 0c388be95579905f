import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/access/actor';
import type { Page } from '../common/http/pagination';
import type { AuditQuery } from './dto/audit.query';
import type { AuditEntryResponse } from './dto/audit-entry.response';
import { AuditEntryRepository } from './persistence/audit-entry.repository';

/** Reads the audit trail. */
@Injectable()
export class AuditTrailService {
  constructor(private readonly entries: AuditEntryRepository) {}

  async list(actor: Actor, query: AuditQuery): Promise<Page<AuditEntryResponse>> {
    const page = await this.entries.findPage({
      namespaceId: actor.namespaceId,
      actor: query.actor,
      action: query.action,
      since: query.since === undefined ? undefined : new Date(query.since).toISOString(),
      limit: query.limit,
      cursor: query.cursor,
    });
    return {
      next: page.next,
      items: page.items.map((entry) => ({
        id: entry.id,
        at: entry.at,
        actor: entry.actor,
        action: entry.action,
        target_type: entry.targetType,
        target_id: entry.targetId,
        namespace_id: entry.namespaceId,
        details: entry.details,
        request_id: entry.requestId,
      })),
    };
  }
}
