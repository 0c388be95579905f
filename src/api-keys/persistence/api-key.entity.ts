import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, OPTIONAL_ID, OPTIONAL_TIME, TIME, varchar } from '../../database/columns';
import type { Permission } from '../../common/access/actor';

@Entity('api_keys')
@Index('uq_api_keys_key_hash', ['keyHash'], { unique: true })
@Index('ix_api_keys_namespace', ['namespaceId', 'createdAt'])
export class ApiKeyEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_api_keys' })
  id!: string;

  /** Null: a platform key. */
  @ForeignKey('NamespaceEntity', { name: 'fk_api_keys_namespace', onDelete: 'CASCADE' })
  @Column({ name: 'namespace_id', ...OPTIONAL_ID })
  namespaceId!: string | null;

  @Column(varchar(100))
  name!: string;

  @Column(varchar(16))
  permissions!: Permission;

  /** The beginning of the key, enough to tell keys apart, far too little to guess one. */
  @Column(varchar(16))
  prefix!: string;

  /** SHA-256 of the key in hex. The key itself has 160 bits of randomness or more, so a slow hash would add nothing. */
  @Column({ name: 'key_hash', ...varchar(64) })
  keyHash!: string;

  @Column({ name: 'expires_at', ...OPTIONAL_TIME })
  expiresAt!: string | null;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'last_used_at', ...OPTIONAL_TIME })
  lastUsedAt!: string | null;
}
