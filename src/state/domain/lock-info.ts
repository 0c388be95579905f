/** What the tool sends with LOCK and UNLOCK (protocol facts, section 6). */
export interface LockInfo {
  ID: string;
  Operation: string;
  Info: string;
  Who: string;
  Version: string;
  Created: string;
  Path: string;
}

const MAX_LENGTH = 1024;

/**
 * Reads the body of LOCK or UNLOCK; fields that are missing are empty. Null for what is none: an UNLOCK without a body
 * is what `force-unlock` of terraform sends.
 */
export function parseLockInfo(body: string): LockInfo | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const given = value as Record<string, unknown>;
    const text = (field: keyof LockInfo): string => {
      const content = given[field];
      return typeof content === 'string' ? content.slice(0, MAX_LENGTH) : '';
    };
    return {
      ID: text('ID'),
      Operation: text('Operation'),
      Info: text('Info'),
      Who: text('Who'),
      Version: text('Version'),
      Created: text('Created'),
      Path: text('Path'),
    };
  } catch {
    return null;
  }
}

/** Who holds a lock, as a blocked user sees it: terraform shows nothing of a holder but the ID of the answer. */
export interface LockHolder {
  /** Of the run; null for a person. */
  runId: string | null;
  /** `plan`, `apply`. */
  operation: string;
  /** Who started the run, or holds it by hand. */
  who: string;
  /** RFC 3339. */
  since: string;
}

export function describeHolder({ runId, operation, who, since }: LockHolder): string {
  const time = since.slice(11, 16);
  const what = runId === null ? `${who} (${operation})` : `run ${runId.slice(0, 8)} (${operation} by ${who})`;
  return `${what} since ${time} UTC`;
}

/** `OperationTypeApply` as people say it. */
export function plainOperation(operation: string): string {
  return operation.replace(/^OperationType/, '').toLowerCase() || 'unknown operation';
}
