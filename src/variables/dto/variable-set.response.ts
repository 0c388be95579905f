import type { StoredVariable } from '../domain/variable';
import type { VariableSetEntity } from '../persistence/variable-set.entity';
import { toVariableResponse, VariableResponse } from './variable.response';

/** Variables that every deployment of a namespace gets. */
export class VariableSetResponse {
  id!: string;

  namespace_id!: string;

  /** @example 'aws-credentials' */
  name!: string;

  description!: string;

  variables!: VariableResponse[];

  /** RFC 3339 in UTC. */
  created_at!: string;

  /** RFC 3339 in UTC. */
  updated_at!: string;
}

export function toVariableSetResponse(
  set: VariableSetEntity,
  variables: readonly StoredVariable[],
): VariableSetResponse {
  return {
    id: set.id,
    namespace_id: set.namespaceId,
    name: set.name,
    description: set.description,
    variables: variables.map(toVariableResponse),
    created_at: set.createdAt,
    updated_at: set.updatedAt,
  };
}
