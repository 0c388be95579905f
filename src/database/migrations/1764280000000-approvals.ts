import { MigrationInterface, QueryRunner } from 'typeorm';

/** As each database writes it, so that the table is like the entity says. */
const falseIn = (runner: QueryRunner): string => (runner.connection.options.type === 'postgres' ? 'false' : '0');

const newColumns = (runner: QueryRunner): Record<string, Record<string, string>> => ({
  deployments: {
    approval_required: 'integer NOT NULL DEFAULT (1)',
    approval_not_by_requester: `boolean NOT NULL DEFAULT (${falseIn(runner)})`,
    approval_rules: `text NOT NULL DEFAULT ('[]')`,
  },
  runs: {
    namespace_id: `varchar(36) NOT NULL DEFAULT ('')`,
    created_by_key_id: 'varchar(64)',
    planned_environment: 'text',
    approvals_required: 'integer',
    approvals_not_by_requester: `boolean NOT NULL DEFAULT (${falseIn(runner)})`,
    approval_reason: 'text',
    approvals: `text NOT NULL DEFAULT ('[]')`,
  },
  run_events: { attempt: 'integer NOT NULL DEFAULT (1)' },
  executions: { boot_id: 'varchar(64)' },
});

/**
 * Approval policies of deployments, the approvals of runs, and what tells attempts at a run apart. Runs that wait for an
 * approval already need one, by anybody.
 */
export class Approvals1764280000000 implements MigrationInterface {
  readonly name = 'Approvals1764280000000';

  /** By hand: to add a column TypeORM copies the whole table, and there may be very many runs. */
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(newColumns(runner))) {
      for (const [name, type] of Object.entries(columns)) {
        await runner.query(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`);
      }
    }
    await runner.query(
      'UPDATE runs SET namespace_id = (SELECT namespace_id FROM deployments WHERE deployments.id = runs.deployment_id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(newColumns(runner))) {
      for (const name of Object.keys(columns)) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${name}`);
    }
  }
}
