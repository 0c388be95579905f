import { isMaskable } from '../../common/secrets/secret-patterns';
import type { OpenVariable } from './variable';

/** What variables come to for a command of the tool. */
export interface RunInput {
  environment: Record<string, string>;
  /** Text of a JSON var-file; null when there is nothing to give. */
  varFile: string | null;
  /** What must not appear in logs and plans. */
  secrets: string[];
}

/**
 * Input variables become one JSON var-file: its strings stay literal (protocol facts, section 10), and what was written
 * as an expression has its value there.
 */
export function runInputOf(variables: readonly OpenVariable[]): RunInput {
  const terraform = variables.filter(({ category }) => category === 'terraform');
  const environment = variables.filter(({ category }) => category === 'env');
  const values = terraform.map(
    ({ key, value, parsed }) => [key, parsed === null ? value : JSON.parse(parsed)] as const,
  );
  return {
    environment: Object.fromEntries(environment.map(({ key, value }) => [key, value])),
    // `fromEntries` defines properties, so that a key `__proto__` is a key like others.
    varFile: terraform.length === 0 ? null : JSON.stringify(Object.fromEntries(values)),
    secrets: [...new Set(variables.filter(({ sensitive }) => sensitive).flatMap(secretsOf))],
  };
}

/** Of an expression the texts and numbers in it too: the tool shows them one by one. */
function secretsOf({ value, parsed }: OpenVariable): string[] {
  if (parsed === null) return value === '' ? [] : [value];
  const leaves: string[] = [];
  collectLeaves(JSON.parse(parsed), leaves);
  // A secret that is too short is told of in the log; parts of an expression are mostly no secrets at all.
  return [value, ...leaves.filter(isMaskable)];
}

function collectLeaves(value: unknown, into: string[]): void {
  if (typeof value === 'string' || typeof value === 'number') into.push(String(value));
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collectLeaves(item, into);
  }
}
