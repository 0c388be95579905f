import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID } from '../../database/columns';
import { VariableColumns } from './variable-columns';

@Entity('variable_set_variables')
@Index('uq_variable_set_variables_key', ['setId', 'category', 'key'], { unique: true })
export class VariableSetVariableEntity extends VariableColumns {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_variable_set_variables' })
  id!: string;

  @ForeignKey('VariableSetEntity', { name: 'fk_variable_set_variables_set', onDelete: 'CASCADE' })
  @Column({ name: 'set_id', ...ID })
  setId!: string;
}
