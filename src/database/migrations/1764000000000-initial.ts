import { MigrationInterface, QueryRunner, Table } from 'typeorm';
import { column, index, optional, reference, table, unique } from './table-builder';

const namespaces = table(
  'namespaces',
  {
    id: column.id(),
    name: column.varchar(64),
    description: column.text(),
    is_public: column.boolean(),
    created_at: column.time(),
    updated_at: column.time(),
  },
  { primary: ['id'], indices: [unique('uq_namespaces_name', ['name'])] },
);

const apiKeys = table(
  'api_keys',
  {
    id: column.id(),
    namespace_id: optional(column.id()),
    name: column.varchar(100),
    permissions: column.varchar(16),
    prefix: column.varchar(16),
    key_hash: column.varchar(64),
    expires_at: optional(column.time()),
    created_at: column.time(),
    last_used_at: optional(column.time()),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_api_keys_key_hash', ['key_hash']),
      index('ix_api_keys_namespace', ['namespace_id', 'created_at']),
    ],
    foreignKeys: [reference('fk_api_keys_namespace', 'namespace_id', 'namespaces', 'CASCADE')],
  },
);

const auditEntries = table(
  'audit_entries',
  {
    id: column.id(),
    at: column.time(),
    actor: column.varchar(160),
    action: column.varchar(64),
    target_type: column.varchar(32),
    target_id: column.varchar(64),
    namespace_id: optional(column.id()),
    details: column.text(),
    request_id: optional(column.varchar(128)),
  },
  { primary: ['id'], indices: [index('ix_audit_entries_at', ['at', 'id'])] },
);

const deployments = table(
  'deployments',
  {
    id: column.id(),
    namespace_id: column.id(),
    name: column.varchar(128),
    description: column.text(),
    git_url: column.text(),
    default_ref: optional(column.varchar(255)),
    working_directory: column.text(),
    tool: column.varchar(16),
    tool_version: optional(column.varchar(64)),
    auto_approve: column.boolean(),
    git_username: optional(column.text()),
    git_password: optional(column.text()),
    git_ssh_key: optional(column.text()),
    created_at: column.time(),
    updated_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_deployments_namespace_name', ['namespace_id', 'name']),
      index('ix_deployments_created', ['created_at', 'id']),
    ],
    foreignKeys: [reference('fk_deployments_namespace', 'namespace_id', 'namespaces', 'NO ACTION')],
  },
);

const runs = table(
  'runs',
  {
    id: column.id(),
    seq: column.integer(),
    deployment_id: column.id(),
    operation: column.varchar(16),
    path: column.text(),
    ref: optional(column.varchar(255)),
    commit_sha: optional(column.varchar(64)),
    tool: column.varchar(16),
    requested_tool_version: optional(column.varchar(64)),
    tool_version: optional(column.varchar(64)),
    env_vars: column.text(),
    sensitive_env_vars: optional(column.text()),
    sensitive_env_names: column.text(),
    tfvars_files: column.text(),
    targets: column.text(),
    replace: column.text(),
    auto_approve: column.boolean(),
    timeout_minutes: column.float(),
    status: column.varchar(20),
    plan_summary: optional(column.text()),
    plan_sha256: optional(column.varchar(64)),
    exit_code: optional(column.integer()),
    error_message: optional(column.text()),
    created_by: column.varchar(160),
    approved_by: optional(column.varchar(160)),
    approved_at: optional(column.time()),
    cancelled_by: optional(column.varchar(160)),
    cancel_requested_at: optional(column.time()),
    cancel_force: column.boolean(),
    attempt: column.integer(),
    event_seq: column.integer(),
    created_at: column.time(),
    started_at: optional(column.time()),
    planned_at: optional(column.time()),
    completed_at: optional(column.time()),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_runs_seq', ['seq']),
      index('ix_runs_deployment', ['deployment_id', 'seq']),
      index('ix_runs_status', ['status', 'seq']),
      unique(
        'uq_runs_path_holder',
        ['deployment_id', 'path'],
        `operation <> 'plan' AND status IN ('initializing', 'planning', 'awaiting_approval', 'applying')`,
      ),
    ],
    foreignKeys: [reference('fk_runs_deployment', 'deployment_id', 'deployments', 'CASCADE')],
  },
);

const runTransitions = table(
  'run_transitions',
  {
    id: column.id(),
    run_id: column.id(),
    from_status: optional(column.varchar(20)),
    to_status: column.varchar(20),
    actor: column.varchar(160),
    reason: optional(column.text()),
    at: column.time(),
  },
  {
    primary: ['id'],
    indices: [index('ix_run_transitions_run', ['run_id', 'at'])],
    foreignKeys: [reference('fk_run_transitions_run', 'run_id', 'runs', 'CASCADE')],
  },
);

const runEvents = table(
  'run_events',
  {
    run_id: column.id(),
    seq: column.integer(),
    kind: column.varchar(8),
    phase: optional(column.varchar(8)),
    offset: optional(column.integer()),
    size: optional(column.integer()),
    source_end: optional(column.integer()),
    data: column.blob(),
    at: column.time(),
  },
  {
    primary: ['run_id', 'seq'],
    indices: [index('ix_run_events_log', ['run_id', 'phase', 'offset'])],
    foreignKeys: [reference('fk_run_events_run', 'run_id', 'runs', 'CASCADE')],
  },
);

const executions = table(
  'executions',
  {
    id: column.id(),
    run_id: column.id(),
    phase: column.varchar(8),
    tool: column.varchar(16),
    command: column.varchar(16),
    args: column.text(),
    env_names: column.text(),
    exit_code: optional(column.integer()),
    started_at: column.time(),
    ended_at: optional(column.time()),
    requested_by: column.varchar(160),
  },
  {
    primary: ['id'],
    indices: [index('ix_executions_run', ['run_id', 'started_at'])],
    foreignKeys: [reference('fk_executions_run', 'run_id', 'runs', 'CASCADE')],
  },
);

const runPlans = table(
  'run_plans',
  { run_id: column.id(), data: column.blob() },
  { primary: ['run_id'], foreignKeys: [reference('fk_run_plans_run', 'run_id', 'runs', 'CASCADE')] },
);

const TABLES: Table[] = [
  namespaces,
  apiKeys,
  auditEntries,
  deployments,
  runs,
  runTransitions,
  runEvents,
  executions,
  runPlans,
];

/** Namespaces, keys, audit, deployments and runs. */
export class Initial1764000000000 implements MigrationInterface {
  readonly name = 'Initial1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const each of TABLES) await runner.createTable(each.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const each of [...TABLES].reverse()) await runner.dropTable(each.name);
  }
}
