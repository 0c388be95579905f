import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, INTEGER, OPTIONAL_TEXT, optionalVarchar, TIME, varchar } from '../../database/columns';

/** A published version: from here on nothing of its content changes. */
@Entity('module_versions')
@Index('uq_module_versions_version', ['moduleId', 'version'], { unique: true })
@Index('ix_module_versions_sha256', ['sha256'])
export class ModuleVersionEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_module_versions' })
  id!: string;

  @ForeignKey('ModuleEntity', { name: 'fk_module_versions_module', onDelete: 'CASCADE' })
  @Column({ name: 'module_id', ...ID })
  moduleId!: string;

  @Column(varchar(128))
  version!: string;

  /** Null for an upload. */
  @Column({ name: 'git_tag', ...optionalVarchar(255) })
  gitTag!: string | null;

  /** The commit the archive was made of, for good. */
  @Column({ name: 'commit_sha', ...optionalVarchar(64) })
  commitSha!: string | null;

  /** The tag names another commit now than the one that was published. */
  @Column({ name: 'tag_moved', type: 'boolean' })
  tagMoved!: boolean;

  @Column({ type: 'boolean' })
  enabled!: boolean;

  @Column(OPTIONAL_TEXT)
  deprecated!: string | null;

  @Column({ name: 'size_bytes', ...INTEGER })
  sizeBytes!: number;

  /** Of the archive: where it is in the artefact store. */
  @Column(varchar(64))
  sha256!: string;

  @Column(INTEGER)
  downloads!: number;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;
}
