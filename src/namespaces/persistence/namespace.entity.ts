import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { ID, TEXT, TIME, varchar } from '../../database/columns';

@Entity('namespaces')
@Index('uq_namespaces_name', ['name'], { unique: true })
export class NamespaceEntity {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_namespaces' })
  id!: string;

  @Column(varchar(64))
  name!: string;

  @Column(TEXT)
  description!: string;

  @Column({ name: 'is_public', type: 'boolean' })
  isPublic!: boolean;

  @Column({ name: 'created_at', ...TIME })
  createdAt!: string;

  @Column({ name: 'updated_at', ...TIME })
  updatedAt!: string;
}
