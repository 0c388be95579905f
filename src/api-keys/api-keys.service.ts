import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { RevokedKeys } from '../common/access/revoked-keys';
import { Clock } from '../common/clock';
import { ConflictError, InvalidFieldError, NotFoundError } from '../common/errors';
import type { ListQuery, Page } from '../common/http/pagination';
import { isId, newId } from '../common/ids';
import { Database } from '../database/database';
import { isForeignKeyViolation } from '../database/driver-errors';
import { hashKey, keyPrefix, makeKey } from './domain/key-format';
import { ApiKeyResponse, CreatedApiKeyResponse, toApiKeyResponse } from './dto/api-key.response';
import type { CreateApiKeyRequest } from './dto/create-api-key.request';
import type { ApiKeyEntity } from './persistence/api-key.entity';
import { ApiKeyRepository } from './persistence/api-key.repository';

/** Keys of a namespace, or of the platform where the namespace id is null. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    private readonly revokedKeys: RevokedKeys,
  ) {}

  async list(namespaceId: string | null, query: ListQuery): Promise<Page<ApiKeyResponse>> {
    const page = await this.keys.findPage(namespaceId, query.limit, query.cursor);
    return { next: page.next, items: page.items.map(toApiKeyResponse) };
  }

  /** Makes a key; the answer is the only place where it is ever shown. */
  async create(actor: Actor, namespaceId: string | null, request: CreateApiKeyRequest): Promise<CreatedApiKeyResponse> {
    const secret = makeKey();
    const key: ApiKeyEntity = {
      id: newId(),
      namespaceId,
      name: request.name,
      permissions: request.permissions,
      prefix: keyPrefix(secret),
      keyHash: hashKey(secret),
      expiresAt: request.expires_at === undefined ? null : expiryOf(request.expires_at),
      createdAt: this.clock.timestamp(),
      lastUsedAt: null,
    };
    await this.refusingGoneNamespace(() =>
      this.audit.perform(
        {
          actor: actor.label,
          action: 'api_key.create',
          targetType: 'api_key',
          targetId: key.id,
          namespaceId,
          details: { name: key.name, permissions: key.permissions, prefix: key.prefix, expires_at: key.expiresAt },
        },
        (transaction) => this.keys.insert(transaction, key),
      ),
    );
    return { ...toApiKeyResponse(key), key: secret };
  }

  /** @throws NotFoundError; ConflictError for the last platform admin key, without which nobody could administer. */
  async delete(actor: Actor, namespaceId: string | null, id: string): Promise<void> {
    // Looked for inside, so that of two deletions at once one finds nothing.
    await this.database.transaction(async (transaction) => {
      const key = isId(id) ? await this.keys.findIn(namespaceId, id) : null;
      if (!key) throw new NotFoundError('key');
      const isLastAdmin =
        key.namespaceId === null &&
        key.permissions === 'admin' &&
        key.expiresAt === null &&
        (await this.keys.countLastingAdmins(key.id)) === 0;
      if (isLastAdmin) {
        throw new ConflictError(
          'last-admin-key',
          'This is the last platform admin key that does not expire. Make another one first.',
        );
      }
      await this.keys.delete(transaction, key.id);
      await this.audit.record(transaction, {
        actor: actor.label,
        action: 'api_key.delete',
        targetType: 'api_key',
        targetId: key.id,
        namespaceId,
        details: { name: key.name, prefix: key.prefix },
      });
    });
    this.revokedKeys.revoked.next(id.toLowerCase());
  }

  /** The namespace may be deleted while a key of it is made. */
  private async refusingGoneNamespace(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isForeignKeyViolation(error)) throw new NotFoundError('namespace');
      throw error;
    }
  }

  /** The key in use. */
  async whoami(actor: Actor): Promise<ApiKeyResponse> {
    const key = await this.keys.findIn(actor.namespaceId, actor.keyId);
    if (!key) throw new NotFoundError('key');
    return toApiKeyResponse(key);
  }
}

/** As it is stored. @throws InvalidFieldError for a year that has no four digits in UTC */
function expiryOf(text: string): string {
  const expiry = new Date(text).toISOString();
  if (expiry.length !== 24)
    throw new InvalidFieldError('expires_at', 'is too far away; leave it out for a key that lasts');
  return expiry;
}
