import { timingSafeEqual } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Actor } from '../common/access/actor';
import { RevokedKeys } from '../common/access/revoked-keys';
import { Clock } from '../common/clock';
import { Database } from '../database/database';
import { hashKey, isKeyFormat } from './domain/key-format';
import type { ApiKeyEntity } from './persistence/api-key.entity';
import { ApiKeyRepository } from './persistence/api-key.repository';

/** What came of a key that was presented. */
export type Authentication = { actor: Actor } | { refused: 'malformed' | 'unknown' | 'expired' };

const USE_RECORDED_EVERY_MS = 60_000;
const MAX_KNOWN_KEYS = 1_000;

/**
 * Tells whose key it is. A deleted key stops working with the next request, an expired one at its time: keys are looked
 * up once and then remembered, and whatever deletes one says so here, since this server is the only writer of its
 * database.
 */
@Injectable()
export class KeyAuthenticator {
  private readonly logger = new Logger(KeyAuthenticator.name);
  private readonly recordedUse = new Map<string, number>();
  /** By hash. */
  private readonly known = new LRUCache<string, ApiKeyEntity>({ max: MAX_KNOWN_KEYS });
  private deletions = 0;

  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly database: Database,
    private readonly clock: Clock,
    revokedKeys: RevokedKeys,
  ) {
    revokedKeys.revoked.subscribe(() => this.forget());
    revokedKeys.revokedWithNamespace.subscribe(() => this.forget());
  }

  async authenticate(presented: string): Promise<Authentication> {
    if (!isKeyFormat(presented)) return { refused: 'malformed' };
    const hash = hashKey(presented);
    const key = this.known.get(hash) ?? (await this.lookUp(hash));
    if (!key || !timingSafeEqual(Buffer.from(key.keyHash), Buffer.from(hash))) return { refused: 'unknown' };
    if (key.expiresAt !== null && key.expiresAt <= this.clock.timestamp()) return { refused: 'expired' };
    this.recordUse(key);
    return {
      actor: {
        keyId: key.id,
        namespaceId: key.namespaceId,
        permissions: key.permissions,
        expiresAt: key.expiresAt,
        label: `${key.name} (${key.prefix})`,
      },
    };
  }

  /** What was read before a deletion is not remembered after it. */
  private async lookUp(hash: string): Promise<ApiKeyEntity | null> {
    const deletionsBefore = this.deletions;
    const key = await this.keys.findByHash(hash);
    if (key && this.deletions === deletionsBefore) this.known.set(hash, key);
    return key;
  }

  private forget(): void {
    this.deletions += 1;
    this.known.clear();
  }

  /** At most once a minute and key, and beside the request: an answer does not wait for it. */
  private recordUse(key: ApiKeyEntity): void {
    const now = this.clock.now();
    if (now.getTime() - (this.recordedUse.get(key.id) ?? 0) < USE_RECORDED_EVERY_MS) return;
    this.recordedUse.set(key.id, now.getTime());
    this.database
      .transaction((transaction) => this.keys.recordUse(transaction, key.id, now.toISOString()))
      .catch((error: unknown) => this.logger.warn({ event: 'key_use_not_recorded', error: String(error) }));
  }
}
