import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, INTEGER, TIME, varchar } from '../../database/columns';

/** The package of a version for one operating system and architecture. */
@Entity('provider_platforms')
@Index('uq_provider_platforms_platform', ['versionId', 'os', 'arch'], { unique: true })
@Index('ix_provider_platforms_shasum', ['shasum'])
export class ProviderPlatformEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_provider_platforms' })
  id!: string;

  @ForeignKey('ProviderVersionEntity', { name: 'fk_provider_platforms_version', onDelete: 'CASCADE' })
  @Column({ name: 'version_id', ...ID })
  versionId!: string;

  @Column(varchar(32))
  os!: string;

  @Column(varchar(32))
  arch!: string;

  @Column(varchar(255))
  filename!: string;

  @Column({ name: 'size_bytes', ...INTEGER })
  sizeBytes!: number;

  /** SHA-256 of the zip: where it is in the artefact store. */
  @Column(varchar(64))
  shasum!: string;

  /** The tools' own hash of what is in the zip, `h1:…`, as lock files have it. */
  @Column(varchar(64))
  h1!: string;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;
}
