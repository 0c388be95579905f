import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, optionalVarchar, TEXT, TIME, varchar } from '../../database/columns';
import { GitSourceColumns } from '../../database/git-source.columns';

@Entity('modules')
@Index('uq_modules_address', ['namespaceId', 'nameKey', 'provider'], { unique: true })
@Index('ix_modules_created', ['createdAt', 'id'])
@Index('ix_modules_sync_due', ['syncDueAt'])
@Index('uq_modules_webhook_hash', ['webhookHash'], { unique: true })
export class ModuleEntity extends GitSourceColumns {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_modules' })
  id!: string;

  @ForeignKey('NamespaceEntity', { name: 'fk_modules_namespace', onDelete: 'NO ACTION' })
  @Column({ name: 'namespace_id', ...ID })
  namespaceId!: string;

  @Column(varchar(64))
  name!: string;

  /** The name in lower case: names are matched without regard to case. */
  @Column({ name: 'name_key', ...varchar(64) })
  nameKey!: string;

  /** The target system, such as `aws`. */
  @Column(varchar(64))
  provider!: string;

  @Column(TEXT)
  description!: string;

  /** Folder of the module in its repository; `.` is the root. */
  @Column(TEXT)
  subdir!: string;

  /** Highest enabled version, kept with every change of versions. */
  @Column({ name: 'latest_version', ...optionalVarchar(128) })
  latestVersion!: string | null;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'updated_at', ...TIME })
  updatedAt!: string;
}
