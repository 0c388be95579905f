import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ID } from '../../database/columns';
import { VariableColumns } from './variable-columns';

@Entity('deployment_variables')
@Index('uq_deployment_variables_key', ['deploymentId', 'category', 'key'], { unique: true })
export class DeploymentVariableEntity extends VariableColumns {
  @PrimaryColumn({ ...ID, primaryKeyConstraintName: 'pk_deployment_variables' })
  id!: string;

  @ForeignKey('DeploymentEntity', { name: 'fk_deployment_variables_deployment', onDelete: 'CASCADE' })
  @Column({ name: 'deployment_id', ...ID })
  deploymentId!: string;
}
