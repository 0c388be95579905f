import type { KeySource } from '../domain/key-source';
import type { SigningKeyEntity } from '../persistence/signing-key.entity';

/** A key that signs the checksums of providers, or has signed some elsewhere. Its private part never leaves. */
export class SigningKeyResponse {
  id!: string;

  /**
   * The PGP key id.
   * @example '9F3A5C2D11E84B70'
   */
  key_id!: string;

  fingerprint!: string;

  /** @example 'rsa4096' */
  algorithm!: string;

  /** Armoured, as clients are given it. */
  public_key!: string;

  /** `external`: its private part is not here. */
  source!: KeySource;

  /** Whether new versions are signed with it; one key of a namespace at most. */
  active!: boolean;

  created_at!: string;

  /** When a revocation of it was brought; clients refuse what it signed. */
  revoked_at!: string | null;
}

export function toSigningKeyResponse(key: SigningKeyEntity): SigningKeyResponse {
  return {
    id: key.id,
    key_id: key.keyId,
    fingerprint: key.fingerprint,
    algorithm: key.algorithm,
    public_key: key.publicKey,
    source: key.source,
    active: key.active,
    created_at: key.createdAt,
    revoked_at: key.revokedAt,
  };
}
