import { MigrationInterface, QueryRunner, Table, TableColumn, TableIndex } from 'typeorm';
import { column, index, optional, reference, table, unique } from './table-builder';

const stateVersions = table(
  'state_versions',
  {
    id: column.id(),
    deployment_id: column.id(),
    path: column.text(),
    serial: column.integer(),
    lineage: column.varchar(128),
    sha256: column.varchar(64),
    size_bytes: column.integer(),
    blob_sha256: column.varchar(64),
    resource_count: optional(column.integer()),
    run_id: optional(column.id()),
    created_by: column.varchar(160),
    created_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_state_versions_serial', ['deployment_id', 'path', 'serial']),
      index('ix_state_versions_blob', ['blob_sha256']),
    ],
    foreignKeys: [reference('fk_state_versions_deployment', 'deployment_id', 'deployments', 'CASCADE')],
  },
);

const stateLocks = table(
  'state_locks',
  {
    deployment_id: column.id(),
    path: column.text(),
    lock_id: column.varchar(1024),
    info: column.text(),
    run_id: optional(column.id()),
    held_by: column.varchar(160),
    created_at: column.time(),
  },
  {
    primary: ['deployment_id', 'path'],
    foreignKeys: [reference('fk_state_locks_deployment', 'deployment_id', 'deployments', 'CASCADE')],
  },
);

/** A deployment with many runs is asked for those of one folder. */
const runsOfFolder = index('ix_runs_deployment_path', ['deployment_id', 'path', 'seq']);

const TABLES: Table[] = [stateVersions, stateLocks];

/** States that the platform keeps. Deployments that are there already keep their own backends. */
export class State1764260000000 implements MigrationInterface {
  readonly name = 'State1764260000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const each of TABLES) await runner.createTable(each.clone());
    await runner.createIndex('runs', new TableIndex(runsOfFolder));
    await runner.addColumn(
      'deployments',
      new TableColumn({ name: 'state_backend', type: 'varchar', length: '16', default: `'none'` }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('deployments', 'state_backend');
    await runner.dropIndex('runs', runsOfFolder.name!);
    for (const each of [...TABLES].reverse()) await runner.dropTable(each.name);
  }
}
