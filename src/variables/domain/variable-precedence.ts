import { type VariableName, variableId } from './variable';

const TERRAFORM_PREFIX = 'TF_VAR_';

/**
 * The variables that count, of several levels. A higher level wins, also where it gives an input variable by way of the
 * environment (`TF_VAR_name`): the var-file of a lower level would beat it otherwise, since the tool reads that later.
 *
 * @param levels lowest first
 * @param givenNames names in the environment that is given on top of all levels
 */
export function effectiveVariables<T extends VariableName>(
  levels: readonly (readonly T[])[],
  givenNames: readonly string[] = [],
): T[] {
  const found = new Map<string, T>();
  for (const level of levels) {
    for (const { category, key } of level) if (category === 'env') overrule(found, key);
    for (const variable of level) found.set(variableId(variable), variable);
  }
  for (const name of givenNames) overrule(found, name);
  return [...found.values()];
}

/** Sets, lowest first: of two with the same key, the one whose name sorts first wins. */
export function bySetPrecedence<T extends { name: string }>(sets: readonly T[]): T[] {
  return [...sets].sort((a, b) => (a.name < b.name ? 1 : -1));
}

function overrule(found: Map<string, VariableName>, environmentName: string): void {
  found.delete(variableId({ category: 'env', key: environmentName }));
  if (!environmentName.startsWith(TERRAFORM_PREFIX)) return;
  found.delete(variableId({ category: 'terraform', key: environmentName.slice(TERRAFORM_PREFIX.length) }));
}
