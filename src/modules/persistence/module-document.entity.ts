import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ID, JSON_TEXT, OPTIONAL_TEXT } from '../../database/columns';
import type { ModuleInterface } from '../../hcl';

/** What people read about a version; beside it, since lists of versions need none of it. */
@Entity('module_documents')
export class ModuleDocumentEntity {
  @ForeignKey('ModuleVersionEntity', { name: 'fk_module_documents_version', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'version_id', ...ID, primaryKeyConstraintName: 'pk_module_documents' })
  versionId!: string;

  @Column(OPTIONAL_TEXT)
  readme!: string | null;

  @Column(JSON_TEXT)
  interface!: ModuleInterface;
}
