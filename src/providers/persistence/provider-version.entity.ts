import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import {
  ID,
  INTEGER,
  JSON_TEXT,
  OPTIONAL_ID,
  OPTIONAL_TEXT,
  OPTIONAL_TIME,
  optionalVarchar,
  TIME,
  varchar,
} from '../../database/columns';
import type { VersionStatus } from '../domain/version-status';

/** A version of a provider: a draft that platforms are added to, then published and unchangeable. */
@Entity('provider_versions')
@Index('uq_provider_versions_version', ['providerId', 'version'], { unique: true })
@Index('ix_provider_versions_shasums', ['shasumsSha256'])
@Index('ix_provider_versions_signature', ['signatureSha256'])
@Index('ix_provider_versions_signing_key', ['signingKeyId'])
export class ProviderVersionEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_provider_versions' })
  id!: string;

  @ForeignKey('ProviderEntity', { name: 'fk_provider_versions_provider', onDelete: 'CASCADE' })
  @Column({ name: 'provider_id', ...ID })
  providerId!: string;

  @Column(varchar(128))
  version!: string;

  @Column({ name: 'git_tag', ...optionalVarchar(255) })
  gitTag!: string | null;

  /** The commit that is built, for good. */
  @Column({ name: 'commit_sha', ...optionalVarchar(64) })
  commitSha!: string | null;

  @Column({ name: 'tag_moved', type: 'boolean' })
  tagMoved!: boolean;

  @Column({ type: 'boolean' })
  enabled!: boolean;

  @Column(OPTIONAL_TEXT)
  deprecated!: string | null;

  /** Plugin protocols, such as `5.0`. */
  @Column(JSON_TEXT)
  protocols!: string[];

  @Column(varchar(16))
  status!: VersionStatus;

  /** SHA256SUMS in the artefact store; of a draft: the one of a release that was signed elsewhere. */
  @Column({ name: 'shasums_sha256', ...optionalVarchar(64) })
  shasumsSha256!: string | null;

  /** The detached signature of SHA256SUMS in the artefact store. */
  @Column({ name: 'signature_sha256', ...optionalVarchar(64) })
  signatureSha256!: string | null;

  /** The key that signed, for good. */
  @ForeignKey('SigningKeyEntity', { name: 'fk_provider_versions_signing_key', onDelete: 'NO ACTION' })
  @Column({ name: 'signing_key_id', ...OPTIONAL_ID })
  signingKeyId!: string | null;

  @Column(INTEGER)
  downloads!: number;

  @Column({ name: 'published_at', ...OPTIONAL_TIME })
  publishedAt!: string | null;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;
}
