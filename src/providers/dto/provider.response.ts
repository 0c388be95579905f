import { providerUsage } from '../domain/provider-usage';
import type { ProviderEntity } from '../persistence/provider.entity';

/** What to paste to use a provider. */
export class ProviderUsageResponse {
  /** @example 'plomada.example.com/payments/acme' */
  source!: string;

  /** The latest; null while there is none. */
  version!: string | null;

  /** A `terraform` block with `required_providers`. */
  snippet!: string;

  /** A `credentials` block for the CLI configuration; needed where the namespace is not public. */
  credentials!: string;

  /**
   * The environment variable that takes the key instead; null where the address has a port.
   * @example 'TF_TOKEN_plomada_example_com'
   */
  token_variable!: string | null;
}

/** A provider of the registry. */
export class ProviderResponse {
  id!: string;

  namespace_id!: string;

  /** Name of the namespace. */
  namespace!: string;

  /** @example 'acme' */
  name!: string;

  description!: string;

  /** The repository whose tags become versions; null: packages come by upload alone. */
  git_url!: string | null;

  /** What the tags of versions begin with. */
  tag_prefix!: string;

  /** Whether a new tag is built and published by itself. */
  build_on_tag!: boolean;

  /** Whether the last look at the tags brought everything there was. */
  synced!: boolean;

  /** What the last look at the tags could not do. */
  sync_error!: string | null;

  last_synced_at!: string | null;

  /** Highest published and enabled version. */
  latest_version!: string | null;

  usage!: ProviderUsageResponse;

  created_at!: string;

  updated_at!: string;
}

/** @param host of this registry, as addresses name it */
export function toProviderResponse(provider: ProviderEntity, namespace: string, host: string): ProviderResponse {
  return {
    id: provider.id,
    namespace_id: provider.namespaceId,
    namespace,
    name: provider.name,
    description: provider.description,
    git_url: provider.gitUrl,
    tag_prefix: provider.tagPrefix,
    build_on_tag: provider.buildOnTag,
    synced: provider.synced,
    sync_error: provider.syncError,
    last_synced_at: provider.lastSyncedAt,
    latest_version: provider.latestVersion,
    usage: providerUsage(host, { namespace, name: provider.name }, provider.latestVersion),
    created_at: provider.createdAt,
    updated_at: provider.updatedAt,
  };
}

export class ProviderReadmeResponse {
  /** @example '1.2.3' */
  version!: string;

  /** Read from the repository at the commit of the version; null when there is none. */
  content!: string | null;
}
