import type { Permission } from '../../common/access/actor';
import type { ApiKeyEntity } from '../persistence/api-key.entity';

/** An API key, without its secret. */
export class ApiKeyResponse {
  id!: string;

  /** Null: a platform key, which reaches every namespace. */
  namespace_id!: string | null;

  /** @example 'ci' */
  name!: string;

  /** @example 'write' */
  permissions!: Permission;

  /**
   * The beginning of the key, to tell keys apart.
   * @example 'plm_4fTz9Qa1'
   */
  prefix!: string;

  /** RFC 3339 in UTC; null: never. */
  expires_at!: string | null;

  created_at!: string;

  /** To the minute; null: never used. */
  last_used_at!: string | null;
}

/** A key just made: the only answer that ever holds the secret. */
export class CreatedApiKeyResponse extends ApiKeyResponse {
  /** The key itself. It is not stored and cannot be shown again. */
  key!: string;
}

export function toApiKeyResponse(key: ApiKeyEntity): ApiKeyResponse {
  return {
    id: key.id,
    namespace_id: key.namespaceId,
    name: key.name,
    permissions: key.permissions,
    prefix: key.prefix,
    expires_at: key.expiresAt,
    created_at: key.createdAt,
    last_used_at: key.lastUsedAt,
  };
}
