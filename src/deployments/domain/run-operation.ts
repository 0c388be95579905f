/** What a run is for: `apply` and `destroy` change things, `refresh` the state alone, `plan` nothing. */
export const RUN_OPERATIONS = ['apply', 'plan', 'destroy', 'refresh'] as const;
export type RunOperation = (typeof RUN_OPERATIONS)[number];

/** True for operations that end after the plan, whatever it says. */
export function isPlanOnly(operation: RunOperation): boolean {
  return operation === 'plan';
}
