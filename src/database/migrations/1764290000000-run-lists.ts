import { MigrationInterface, QueryRunner, TableIndex } from 'typeorm';
import { index } from './table-builder';

/** A page of runs of one status is found in its order, however few there are among many others. */
const INDICES = [
  index('ix_runs_namespace', ['namespace_id', 'seq']),
  index('ix_runs_namespace_status', ['namespace_id', 'status', 'seq']),
  index('ix_runs_deployment_status', ['deployment_id', 'status', 'seq']),
  index('ix_runs_deployment_path_status', ['deployment_id', 'path', 'status', 'seq']),
];

/** Indices for the lists of runs. */
export class RunLists1764290000000 implements MigrationInterface {
  readonly name = 'RunLists1764290000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const each of INDICES) await runner.createIndex('runs', new TableIndex(each));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const each of INDICES) await runner.dropIndex('runs', each.name!);
  }
}
