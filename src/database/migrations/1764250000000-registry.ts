import { MigrationInterface, QueryRunner, Table } from 'typeorm';
import { column, index, optional, reference, table, unique } from './table-builder';

/** What modules and providers have in common: a repository whose tags are versions. */
const gitSource = {
  git_url: optional(column.text()),
  tag_prefix: column.varchar(128),
  git_username: optional(column.text()),
  git_password: optional(column.text()),
  git_ssh_key: optional(column.text()),
  synced: column.boolean(),
  sync_error: optional(column.text()),
  last_synced_at: optional(column.time()),
  sync_due_at: optional(column.time()),
  passed_over: column.text(),
  deleted_versions: column.text(),
  webhook_hash: optional(column.varchar(64)),
  webhook_token: optional(column.text()),
};

/** A version, wherever it comes from. */
const version = {
  version: column.varchar(128),
  git_tag: optional(column.varchar(255)),
  commit_sha: optional(column.varchar(64)),
  tag_moved: column.boolean(),
  enabled: column.boolean(),
  deprecated: optional(column.text()),
};

const modules = table(
  'modules',
  {
    id: column.id(),
    namespace_id: column.id(),
    name: column.varchar(64),
    name_key: column.varchar(64),
    provider: column.varchar(64),
    description: column.text(),
    subdir: column.text(),
    ...gitSource,
    latest_version: optional(column.varchar(128)),
    created_at: column.time(),
    updated_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_modules_address', ['namespace_id', 'name_key', 'provider']),
      index('ix_modules_created', ['created_at', 'id']),
      index('ix_modules_sync_due', ['sync_due_at']),
      unique('uq_modules_webhook_hash', ['webhook_hash']),
    ],
    foreignKeys: [reference('fk_modules_namespace', 'namespace_id', 'namespaces', 'NO ACTION')],
  },
);

const moduleVersions = table(
  'module_versions',
  {
    id: column.id(),
    module_id: column.id(),
    ...version,
    size_bytes: column.integer(),
    sha256: column.varchar(64),
    downloads: column.integer(),
    created_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_module_versions_version', ['module_id', 'version']),
      index('ix_module_versions_sha256', ['sha256']),
    ],
    foreignKeys: [reference('fk_module_versions_module', 'module_id', 'modules', 'CASCADE')],
  },
);

const moduleDocuments = table(
  'module_documents',
  { version_id: column.id(), readme: optional(column.text()), interface: column.text() },
  {
    primary: ['version_id'],
    foreignKeys: [reference('fk_module_documents_version', 'version_id', 'module_versions', 'CASCADE')],
  },
);

const signingKeys = table(
  'signing_keys',
  {
    id: column.id(),
    namespace_id: column.id(),
    key_id: column.varchar(16),
    fingerprint: column.varchar(64),
    algorithm: column.varchar(32),
    public_key: column.text(),
    private_key: optional(column.text()),
    source: column.varchar(16),
    active: column.boolean(),
    created_at: column.time(),
    revoked_at: optional(column.time()),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_signing_keys_fingerprint', ['namespace_id', 'fingerprint']),
      unique('uq_signing_keys_active', ['namespace_id'], 'active = true'),
    ],
    foreignKeys: [reference('fk_signing_keys_namespace', 'namespace_id', 'namespaces', 'CASCADE')],
  },
);

const providers = table(
  'providers',
  {
    id: column.id(),
    namespace_id: column.id(),
    name: column.varchar(64),
    description: column.text(),
    build_on_tag: column.boolean(),
    ...gitSource,
    latest_version: optional(column.varchar(128)),
    created_at: column.time(),
    updated_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_providers_address', ['namespace_id', 'name']),
      index('ix_providers_created', ['created_at', 'id']),
      index('ix_providers_sync_due', ['sync_due_at']),
      unique('uq_providers_webhook_hash', ['webhook_hash']),
    ],
    foreignKeys: [reference('fk_providers_namespace', 'namespace_id', 'namespaces', 'NO ACTION')],
  },
);

const providerVersions = table(
  'provider_versions',
  {
    id: column.id(),
    provider_id: column.id(),
    ...version,
    protocols: column.text(),
    status: column.varchar(16),
    shasums_sha256: optional(column.varchar(64)),
    signature_sha256: optional(column.varchar(64)),
    signing_key_id: optional(column.id()),
    downloads: column.integer(),
    published_at: optional(column.time()),
    created_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_provider_versions_version', ['provider_id', 'version']),
      index('ix_provider_versions_shasums', ['shasums_sha256']),
      index('ix_provider_versions_signature', ['signature_sha256']),
      index('ix_provider_versions_signing_key', ['signing_key_id']),
    ],
    foreignKeys: [
      reference('fk_provider_versions_provider', 'provider_id', 'providers', 'CASCADE'),
      reference('fk_provider_versions_signing_key', 'signing_key_id', 'signing_keys', 'NO ACTION'),
    ],
  },
);

const providerPlatforms = table(
  'provider_platforms',
  {
    id: column.id(),
    version_id: column.id(),
    os: column.varchar(32),
    arch: column.varchar(32),
    filename: column.varchar(255),
    size_bytes: column.integer(),
    shasum: column.varchar(64),
    h1: column.varchar(64),
    created_at: column.time(),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_provider_platforms_platform', ['version_id', 'os', 'arch']),
      index('ix_provider_platforms_shasum', ['shasum']),
    ],
    foreignKeys: [reference('fk_provider_platforms_version', 'version_id', 'provider_versions', 'CASCADE')],
  },
);

const builds = table(
  'builds',
  {
    id: column.id(),
    seq: column.integer(),
    version_id: column.id(),
    status: column.varchar(16),
    platforms: column.text(),
    publish: column.boolean(),
    commit_sha: optional(column.varchar(64)),
    go_version: optional(column.varchar(64)),
    evidence: optional(column.text()),
    error_message: optional(column.text()),
    attempt: column.integer(),
    event_seq: column.integer(),
    created_by: column.varchar(160),
    cancelled_by: optional(column.varchar(160)),
    cancel_requested_at: optional(column.time()),
    created_at: column.time(),
    started_at: optional(column.time()),
    completed_at: optional(column.time()),
  },
  {
    primary: ['id'],
    indices: [
      unique('uq_builds_seq', ['seq']),
      index('ix_builds_version', ['version_id', 'seq']),
      index('ix_builds_status', ['status', 'seq']),
      unique('uq_builds_active', ['version_id'], `status IN ('queued', 'building')`),
    ],
    foreignKeys: [reference('fk_builds_version', 'version_id', 'provider_versions', 'CASCADE')],
  },
);

const buildEvents = table(
  'build_events',
  {
    build_id: column.id(),
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
    primary: ['build_id', 'seq'],
    indices: [index('ix_build_events_log', ['build_id', 'phase', 'offset'])],
    foreignKeys: [reference('fk_build_events_build', 'build_id', 'builds', 'CASCADE')],
  },
);

const TABLES: Table[] = [
  modules,
  moduleVersions,
  moduleDocuments,
  signingKeys,
  providers,
  providerVersions,
  providerPlatforms,
  builds,
  buildEvents,
];

/** The registry: modules, providers, signing keys, builds. */
export class Registry1764250000000 implements MigrationInterface {
  readonly name = 'Registry1764250000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const each of TABLES) await runner.createTable(each.clone());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const each of [...TABLES].reverse()) await runner.dropTable(each.name);
  }
}
