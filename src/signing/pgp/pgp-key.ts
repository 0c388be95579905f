/** A key for verifying, checked and reduced to what clients need. */
export interface PgpPublicKey {
  /** 16 upper-case hex digits. */
  keyId: string;
  /** 40 upper-case hex digits. */
  fingerprint: string;
  /** Of the primary key: `rsa4096`, `ed25519Legacy`, `nistP256` and the like. */
  algorithm: string;
  /** Armoured; what clients are given. */
  publicKey: string;
  isRevoked: boolean;
  /** When nothing in the key may sign any more, RFC 3339; null for never. */
  expiresAt: string | null;
}

export interface PgpSigningKey extends PgpPublicKey {
  /** Armoured, without passphrase: a secret. Holds the one secret part that signs, and no other. */
  privateKey: string;
}
