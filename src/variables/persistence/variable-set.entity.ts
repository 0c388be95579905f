import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID, TEXT, TIME, varchar } from '../../database/columns';

/** Variables that every deployment of a namespace gets. */
@Entity('variable_sets')
@Index('uq_variable_sets_namespace_name', ['namespaceId', 'name'], { unique: true })
@Index('ix_variable_sets_created', ['createdAt', 'id'])
export class VariableSetEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_variable_sets' })
  id!: string;

  @ForeignKey('NamespaceEntity', { name: 'fk_variable_sets_namespace', onDelete: 'CASCADE' })
  @Column({ name: 'namespace_id', ...ID })
  namespaceId!: string;

  @Column(varchar(128))
  name!: string;

  @Column(TEXT)
  description!: string;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'updated_at', ...TIME })
  updatedAt!: string;
}
