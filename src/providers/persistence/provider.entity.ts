import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, optionalVarchar, TEXT, TIME, varchar } from '../../database/columns';
import { GitSourceColumns } from '../../database/git-source.columns';

@Entity('providers')
@Index('uq_providers_address', ['namespaceId', 'name'], { unique: true })
@Index('ix_providers_created', ['createdAt', 'id'])
@Index('ix_providers_sync_due', ['syncDueAt'])
@Index('uq_providers_webhook_hash', ['webhookHash'], { unique: true })
export class ProviderEntity extends GitSourceColumns {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_providers' })
  id!: string;

  @ForeignKey('NamespaceEntity', { name: 'fk_providers_namespace', onDelete: 'NO ACTION' })
  @Column({ name: 'namespace_id', ...ID })
  namespaceId!: string;

  /** In lower case, as clients ask for it. */
  @Column(varchar(64))
  name!: string;

  @Column(TEXT)
  description!: string;

  /** Whether a new tag is built and published by itself. */
  @Column({ name: 'build_on_tag', type: 'boolean' })
  buildOnTag!: boolean;

  /** Highest published and enabled version, kept with every change of versions. */
  @Column({ name: 'latest_version', ...optionalVarchar(128) })
  latestVersion!: string | null;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'updated_at', ...TIME })
  updatedAt!: string;
}
