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

/** Terms of one UNION: SQLite takes 500. */
const MAX_TERMS = 200;

/** What a row must be like, for the table `runs` under any name, but for the namespace. @throws DomainError for a bad cursor */
export function runConditions({ deploymentId, path, status, cursor }: RunFilter): {
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
  if (path !== undefined) add('path = :path', 'path', path);
  if (status !== undefined) add('status = :status', 'status', status);
  if (cursor !== undefined) add('seq < :seq', 'seq', decodeCursor(cursor, ['number'] as const)[0]);
  return { conditions, parameters };
}

/**
 * SQL of the `seq` of the newest runs of some deployments, at least as many as the page needs.
 *
 * Each deployment is a term of its own that an index gives in order, so that the database merges them and stops when
 * the page is full. With one condition on all deployments it would either read runs of other namespaces until enough
 * are of this one, or all runs of this one to sort them: both take longer the more runs there are.
 */
export function newestOfEach(
  deploymentIds: string[],
  filter: RunFilter,
): { sql: string; parameters: Record<string, string | number> } {
  const { conditions, parameters } = runConditions({ ...filter, deploymentId: undefined });
  const terms = deploymentIds.map((id, place) => {
    parameters[`deployment${place}`] = id;
    return `SELECT seq FROM runs WHERE ${[`deployment_id = :deployment${place}`, ...conditions].join(' AND ')}`;
  });
  const merged: string[] = [];
  for (let from = 0; from < terms.length; from += MAX_TERMS) {
    const union = terms.slice(from, from + MAX_TERMS).join(' UNION ALL ');
    merged.push(`SELECT seq FROM (${union} ORDER BY seq DESC LIMIT ${filter.limit + 1}) AS newest`);
  }
  return { sql: merged.join(' UNION ALL '), parameters };
}
