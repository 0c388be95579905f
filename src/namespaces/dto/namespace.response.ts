import type { ContentKind } from '../namespace-contents';
import type { NamespaceEntity } from '../persistence/namespace.entity';

/** A namespace: the home of modules, providers, deployments and keys. */
export class NamespaceResponse {
  id!: string;

  /** @example 'payments' */
  name!: string;

  description!: string;

  /** Whether anybody may read its part of the registry without a key. */
  is_public!: boolean;

  module_count!: number;

  provider_count!: number;

  deployment_count!: number;

  /** RFC 3339 in UTC. */
  created_at!: string;

  /** RFC 3339 in UTC. */
  updated_at!: string;
}

export function toNamespaceResponse(
  namespace: NamespaceEntity,
  counts: Record<ContentKind, number> | undefined,
): NamespaceResponse {
  return {
    id: namespace.id,
    name: namespace.name,
    description: namespace.description,
    is_public: namespace.isPublic,
    module_count: counts?.module ?? 0,
    provider_count: counts?.provider ?? 0,
    deployment_count: counts?.deployment ?? 0,
    created_at: namespace.createdAt,
    updated_at: namespace.updatedAt,
  };
}
