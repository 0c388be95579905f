import { decodeCursor } from '../../common/http/pagination';
import type { RunStatus } from '../domain/run-status';

/** Which runs a list shows. */
export interface RunFilter {
  deploymentId?: string;
  namespaceId?: string;
  path?: string;
  status?: RunStatus;
  limit: number;
  cursor?: string;
}

/**
 * What a row of `runs` must be like. For each set of fields an index gives the rows in the order of `seq`, so that a page
 * takes no longer for many runs. @throws DomainError for a bad cursor
 */
export function runConditions({ deploymentId, namespaceId, path, status, cursor }: RunFilter): {
  conditions: string[];
  parameters: Record<string, string | number>;
} {
  const conditions: string[] = [];
  const parameters: Record<string, string | number> = {};
  const add = (condition: string, name: string, value: string | number): void => {
    conditions.push(condition);
    parameters[name] = value;
  };
  if (deploymentId !== undefined) add('deployment_id = :deploymentId', 'deploymentId', deploymentId);
  if (namespaceId !== undefined) add('namespace_id = :namespaceId', 'namespaceId', namespaceId);
  if (path !== undefined) add('path = :path', 'path', path);
  if (status !== undefined) add('status = :status', 'status', status);
  if (cursor !== undefined) add('seq < :seq', 'seq', decodeCursor(cursor, ['number'] as const)[0]);
  return { conditions, parameters };
}
