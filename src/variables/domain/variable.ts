export const VARIABLE_CATEGORIES = ['env', 'terraform'] as const;
/** `env`: of the environment of the tool; `terraform`: an input variable of the configuration. */
export type VariableCategory = (typeof VARIABLE_CATEGORIES)[number];

export const MAX_VARIABLES = 500;
export const MAX_KEY_LENGTH = 128;
export const MAX_VALUE_BYTES = 64 * 1024;

/** What makes a variable another one than the others of its list. */
export interface VariableName {
  key: string;
  category: VariableCategory;
}

/** A variable as it is asked for. */
export interface VariableInput extends VariableName {
  /** Null: the stored value of a sensitive one stays. */
  value: string | null;
  sensitive: boolean;
  /** The value is an expression and not a string. */
  hcl: boolean;
}

/** A variable as it is stored. */
export interface StoredVariable extends VariableName {
  id: string;
  /** Sealed when it is sensitive. */
  value: string;
  /** Of an expression: its value as JSON, sealed when it is sensitive; null otherwise. */
  parsed: string | null;
  sensitive: boolean;
  hcl: boolean;
  /** Place in the list, from 0. */
  position: number;
}

/** A variable with its value in clear, for the work alone. */
export interface OpenVariable extends VariableName {
  value: string;
  parsed: string | null;
  sensitive: boolean;
}

/** One text for category and key; no key holds a dot in front of its own beginning. */
export function variableId({ category, key }: VariableName): string {
  return `${category}.${key}`;
}
