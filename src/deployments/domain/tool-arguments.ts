import type { RunOperation } from './run-operation';

/** The typed fields of a run that become arguments of the tool; there are no free flags. */
export interface PlanOptions {
  operation: RunOperation;
  /** The var-file of the deployment's variables, relative to the working directory; null for none. */
  variablesFile: string | null;
  /** Relative to the working directory. */
  tfvarsFiles: string[];
  targets: string[];
  replace: string[];
  /** How long to wait for a state that somebody else has locked; 0 for not at all. */
  lockTimeoutSeconds: number;
}

export function initArguments(): string[] {
  return ['-input=false'];
}

export function planArguments(options: PlanOptions, planFile: string): string[] {
  return [
    '-input=false',
    `-out=${planFile}`,
    ...(options.operation === 'destroy' ? ['-destroy'] : []),
    ...(options.operation === 'refresh' ? ['-refresh-only'] : []),
    // A plan that nobody will apply only reads: it neither waits for an apply nor holds one up.
    ...(options.operation === 'plan' ? ['-lock=false'] : lockTimeout(options.lockTimeoutSeconds)),
    ...options.targets.map((address) => `-target=${address}`),
    ...options.replace.map((address) => `-replace=${address}`),
    // Later files win: those of the run come after that of the deployment.
    ...(options.variablesFile === null ? [] : [`-var-file=${options.variablesFile}`]),
    ...options.tfvarsFiles.map((file) => `-var-file=${file}`),
  ];
}

export function showArguments(planFile: string): string[] {
  return ['-json', planFile];
}

/** That plan file and nothing else: everything else is in it. */
export function applyArguments(planFile: string, lockTimeoutSeconds: number): string[] {
  return ['-input=false', ...lockTimeout(lockTimeoutSeconds), planFile];
}

function lockTimeout(seconds: number): string[] {
  return seconds > 0 ? [`-lock-timeout=${seconds}s`] : [];
}
