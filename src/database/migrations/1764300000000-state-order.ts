import { MigrationInterface, QueryRunner, TableColumn, TableIndex } from 'typeorm';
import { column, optional, unique } from './table-builder';

const bySerial = unique('uq_state_versions_serial', ['deployment_id', 'path', 'serial']);
const bySeq = unique('uq_state_versions_seq', ['deployment_id', 'path', 'seq']);
const seq = (shape: ReturnType<typeof column.integer>): TableColumn => new TableColumn({ name: 'seq', ...shape });

/**
 * The order of versions by itself: a state of another lineage may have a lower serial than the one before it, or one that
 * is there already. So far serials have grown, so that they are the order.
 */
export class StateOrder1764300000000 implements MigrationInterface {
  readonly name = 'StateOrder1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.addColumn('state_versions', seq(optional(column.integer())));
    await runner.query('UPDATE state_versions SET seq = serial');
    await runner.changeColumn('state_versions', 'seq', seq(column.integer()));
    await runner.dropIndex('state_versions', bySerial.name!);
    await runner.createIndex('state_versions', new TableIndex(bySeq));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('state_versions', bySeq.name!);
    await runner.createIndex('state_versions', new TableIndex(bySerial));
    await runner.dropColumn('state_versions', 'seq');
  }
}
