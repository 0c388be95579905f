import { MigrationInterface, QueryRunner, Table } from 'typeorm';
import { column, index, optional, reference, table, unique } from './table-builder';

/** A function, since each table needs columns of its own. */
const variableColumns = () => ({
  key: column.varchar(128),
  category: column.varchar(16),
  value: column.text(),
  parsed: optional(column.text()),
  sensitive: column.boolean(),
  hcl: column.boolean(),
  position: column.integer(),
});

const deploymentVariables = table(
  'deployment_variables',
  { id: column.id(), deployment_id: column.id(), ...variableColumns() },
  {
    primary: ['id'],
    indices: [unique('uq_deployment_variables_key', ['deployment_id', 'category', 'key'])],
    foreignKeys: [reference('fk_deployment_variables_deployment', 'deployment_id', 'deployments', 'CASCADE')],
  },
);

const variableSets = table(
  'variable_sets',
  {
    id: column.id(),
    namespace_id: column.id(),
    name: column.varchar(128),
    description: column.text(),
    created_at: column.time(),
    updated_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_variable_sets_namespace_name', ['namespace_id', 'name']),
      index('ix_variable_sets_created', ['created_at', 'id']),
    ],
    foreignKeys: [reference('fk_variable_sets_namespace', 'namespace_id', 'namespaces', 'CASCADE')],
  },
);

const variableSetVariables = table(
  'variable_set_variables',
  { id: column.id(), set_id: column.id(), ...variableColumns() },
  {
    primary: ['id'],
    indices: [unique('uq_variable_set_variables_key', ['set_id', 'category', 'key'])],
    foreignKeys: [reference('fk_variable_set_variables_set', 'set_id', 'variable_sets', 'CASCADE')],
  },
);

const TABLES: Table[] = [deploymentVariables, variableSets, variableSetVariables];

/** Variables of deployments, and sets of them for whole namespaces. */
export class Variables1764270000000 implements MigrationInterface {
  readonly name = 'Variables1764270000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const each of TABLES) await runner.createTable(each.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const each of [...TABLES].reverse()) await runner.dropTable(each.name);
  }
}
