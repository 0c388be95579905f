import type { ModuleEntity } from '../persistence/module.entity';
import { moduleUsage } from '../domain/module-usage';

/** What to paste to use a module. */
export class ModuleUsageResponse {
  /** @example 'plomada.example.com/payments/network/aws' */
  source!: string;

  /** The latest; null while there is none. */
  version!: string | null;

  /** A `module` block. */
  snippet!: string;

  /** A `credentials` block for the CLI configuration; needed where the namespace is not public. */
  credentials!: string;

  /**
   * The environment variable that takes the key instead; null where the address has a port.
   * @example 'TF_TOKEN_plomada_example_com'
   */
  token_variable!: string | null;
}

/** A module of the registry. */
export class ModuleResponse {
  id!: string;

  namespace_id!: string;

  /** Name of the namespace. */
  namespace!: string;

  /** @example 'network' */
  name!: string;

  /**
   * The target system.
   * @example 'aws'
   */
  provider!: string;

  description!: string;

  /** The repository whose tags become versions; null: versions come by upload alone. */
  git_url!: string | null;

  /** Folder in the repository; `.` is its root. */
  subdir!: string;

  /** What the tags of versions begin with. */
  tag_prefix!: string;

  /** Whether the last look at the tags brought everything there was. */
  synced!: boolean;

  /** What the last look at the tags could not do. */
  sync_error!: string | null;

  last_synced_at!: string | null;

  /** Highest enabled version. */
  latest_version!: string | null;

  usage!: ModuleUsageResponse;

  created_at!: string;

  updated_at!: string;
}

/** @param host of this registry, as addresses name it */
export function toModuleResponse(module: ModuleEntity, namespace: string, host: string): ModuleResponse {
  return {
    id: module.id,
    namespace_id: module.namespaceId,
    namespace,
    name: module.name,
    provider: module.provider,
    description: module.description,
    git_url: module.gitUrl,
    subdir: module.subdir,
    tag_prefix: module.tagPrefix,
    synced: module.synced,
    sync_error: module.syncError,
    last_synced_at: module.lastSyncedAt,
    latest_version: module.latestVersion,
    usage: moduleUsage(host, { namespace, name: module.name, provider: module.provider }, module.latestVersion),
    created_at: module.createdAt,
    updated_at: module.updatedAt,
  };
}
