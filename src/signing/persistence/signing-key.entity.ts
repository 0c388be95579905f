import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, OPTIONAL_TEXT, OPTIONAL_TIME, TEXT, TIME, varchar } from '../../database/columns';
import type { KeySource } from '../domain/key-source';

@Entity('signing_keys')
@Index('uq_signing_keys_fingerprint', ['namespaceId', 'fingerprint'], { unique: true })
@Index('uq_signing_keys_active', ['namespaceId'], { unique: true, where: 'active = true' })
export class SigningKeyEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_signing_keys' })
  id!: string;

  @ForeignKey('NamespaceEntity', { name: 'fk_signing_keys_namespace', onDelete: 'CASCADE' })
  @Column({ name: 'namespace_id', ...ID })
  namespaceId!: string;

  /** The PGP key id: 16 hex digits in upper case. */
  @Column({ name: 'key_id', ...varchar(16) })
  keyId!: string;

  @Column(varchar(64))
  fingerprint!: string;

  @Column(varchar(32))
  algorithm!: string;

  /** Armoured, as clients are given it. */
  @Column({ name: 'public_key', ...TEXT })
  publicKey!: string;

  /** Armoured and encrypted; null for a key whose private part is elsewhere. */
  @Column({ name: 'private_key', ...OPTIONAL_TEXT })
  privateKey!: string | null;

  @Column(varchar(16))
  source!: KeySource;

  /** The one key of its namespace that signs. */
  @Column({ type: 'boolean' })
  active!: boolean;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'revoked_at', ...OPTIONAL_TIME })
  revokedAt!: string | null;
}
