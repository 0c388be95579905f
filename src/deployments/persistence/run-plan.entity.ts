import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { BLOB, ID } from '../../database/columns';

/** The tool's JSON plan of a run with everything sensitive masked, gzipped. */
@Entity('run_plans')
export class RunPlanEntity {
  @ForeignKey('RunEntity', { name: 'fk_run_plans_run', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'run_id', ...ID, primaryKeyConstraintName: 'pk_run_plans' })
  runId!: string;

  @Column(BLOB)
  data!: Buffer;
}
