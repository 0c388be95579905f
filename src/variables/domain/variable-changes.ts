import { ConflictError } from '../../common/errors';
import { type StoredVariable, variableId } from './variable';

/** Names (`category.key`) of what differs between two lists; never a value. For the audit trail. */
export interface VariableChanges {
  added: string[];
  changed: string[];
  removed: string[];
}

/** A sensitive value that was given anew counts as changed: nobody compares it. */
export function changesBetween(before: readonly StoredVariable[], after: readonly StoredVariable[]): VariableChanges {
  const old = new Map(before.map((variable) => [variableId(variable), variable]));
  const changes: VariableChanges = { added: [], changed: [], removed: [] };
  for (const variable of after) {
    const name = variableId(variable);
    const was = old.get(name);
    old.delete(name);
    if (!was) changes.added.push(name);
    else if (!isSame(was, variable)) changes.changed.push(name);
  }
  changes.removed = [...old.keys()];
  return changes;
}

/**
 * For the unit that stores a list.
 * @param before what the list was made from
 * @param now what is stored
 * @throws ConflictError when a value that the list keeps was changed meanwhile
 */
export function assertKeptAreThere(
  before: readonly StoredVariable[],
  now: readonly StoredVariable[],
  list: readonly StoredVariable[],
): void {
  const known = new Set(before.map(({ id }) => id));
  const there = new Set(now.map(({ id }) => id));
  if (list.every(({ id }) => !known.has(id) || there.has(id))) return;
  throw new ConflictError(
    'variables-changed',
    'The variables were changed by somebody else at the same time. Read them again, then repeat the change.',
  );
}

function isSame(a: StoredVariable, b: StoredVariable): boolean {
  // The value of a sealed one is another text each time; a kept one has the same.
  return a.sensitive === b.sensitive && a.hcl === b.hcl && a.value === b.value;
}
