import { MigrationInterface, QueryRunner } from 'typeorm';

const DEPLOYMENT_COLUMNS = { approval: 'text' };

/** As each database writes it, so that the table is like the entity says. */
const falseIn = (runner: QueryRunner): string => (runner.connection.options.type === 'postgres' ? 'false' : '0');

const runColumns = (runner: QueryRunner) => ({
  created_by_key_id: 'varchar(64)',
  approvals_required: 'integer',
  approvals_not_by_requester: `boolean NOT NULL DEFAULT (${falseIn(runner)})`,
  approval_reason: 'text',
  approvals: `text NOT NULL DEFAULT ('[]')`,
});

/** Approval policies of deployments, and the approvals of runs. Runs that wait for one already need one, by anybody. */
export class Approvals1764280000000 implements MigrationInterface {
  readonly name = 'Approvals1764280000000';

  /** By hand: to add a column TypeORM copies the whole table, and there may be very many runs. */
  async up(runner: QueryRunner): Promise<void> {
    for (const [name, type] of Object.entries(DEPLOYMENT_COLUMNS)) {
      await runner.query(`ALTER TABLE deployments ADD COLUMN ${name} ${type}`);
    }
    for (const [name, type] of Object.entries(runColumns(runner))) {
      await runner.query(`ALTER TABLE runs ADD COLUMN ${name} ${type}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(runColumns(runner))) await runner.query(`ALTER TABLE runs DROP COLUMN ${name}`);
    for (const name of Object.keys(DEPLOYMENT_COLUMNS)) {
      await runner.query(`ALTER TABLE deployments DROP COLUMN ${name}`);
    }
  }
}
