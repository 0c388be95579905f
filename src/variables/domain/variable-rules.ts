import { type BackendOwner, refusedEnvironmentName } from '../../common/environment/environment-policy';
import type { FieldError } from '../../common/errors';
import { MAX_KEY_LENGTH, MAX_VALUE_BYTES, type VariableInput, type VariableName, variableId } from './variable';

/** Identifiers of HCL, but for the joiners of some scripts. */
const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Checks a list of variables; whether expressions parse is not seen here. The messages never hold a value.
 * @param platformTokenNames the `TF_TOKEN_…` names that stand for the platform's own host
 * @param backendOwner whose the backend of the runs is that get them
 */
export function checkVariables(
  list: readonly VariableInput[],
  platformTokenNames: readonly string[],
  backendOwner: BackendOwner = 'platform',
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, variable] of list.entries()) {
    const add = (field: string, message: string | null): void => {
      if (message !== null) errors.push({ field: `variables.${index}.${field}`, message });
    };
    const key = keyProblem(variable, platformTokenNames, backendOwner);
    const isTwin = seen.has(variableId(variable));
    seen.add(variableId(variable));
    add('key', key ?? (isTwin ? `${variable.key} is there twice in the category ${variable.category}` : null));
    add('value', variable.value === null ? null : valueProblem(variable.value));
    if (variable.hcl && variable.category === 'env') add('hcl', 'is for variables of the category terraform alone');
  }
  return errors;
}

function keyProblem(
  { key, category }: VariableName,
  platformTokenNames: readonly string[],
  backendOwner: BackendOwner,
): string | null {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) return `must have 1 to ${MAX_KEY_LENGTH} characters`;
  if (category === 'terraform') {
    if (IDENTIFIER.test(key)) return null;
    return 'must be the name of an input variable: letters, digits, _ and -, and no digit or - in front';
  }
  const refusal = refusedEnvironmentName(key, platformTokenNames, backendOwner);
  if (refusal === null) return null;
  return /^\w+$/.test(key) ? `${key} is refused: ${refusal}` : refusal;
}

function valueProblem(value: string): string | null {
  if (value.includes('\0')) return 'must not contain a NUL character';
  if (LONE_SURROGATE.test(value)) return 'must be text: it holds half a character';
  return Buffer.byteLength(value) > MAX_VALUE_BYTES ? 'must not be larger than 64 KiB' : null;
}
