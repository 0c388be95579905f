/** The run cannot go on: it ends as `failed`, with this message for people. */
export class RunFailedError extends Error {
  constructor(
    message: string,
    readonly exitCode: number | null = null,
  ) {
    super(message);
  }
}

/** What somebody must know whose apply was killed. */
export const KILLED_APPLY =
  'What it made last may be missing from the state, and the state may still be locked: look at the log and at the real ' +
  'resources before the next run.';

/** How the command ended that a cancel met. */
export type CancelledHow = 'never begun' | 'stopped' | 'killed';

/** The run was asked to end and has: it ends as `cancelled`. */
export class RunCancelledError extends Error {
  constructor(
    readonly exitCode: number | null = null,
    readonly how: CancelledHow = 'never begun',
  ) {
    super('The run was cancelled.');
  }
}

/** Why a run is cancelled, for people. @param isApply the command was the apply */
export function cancelMessage(by: string, isApply: boolean, how: CancelledHow): string {
  if (!isApply) return `Cancelled by ${by}.`;
  switch (how) {
    case 'never begun':
      return `Cancelled by ${by} before the apply had begun; nothing was applied.`;
    case 'stopped':
      return `Cancelled by ${by} during apply; what was applied before is in the state.`;
    case 'killed':
      return `Cancelled by ${by} during apply, which was killed. ${KILLED_APPLY}`;
  }
}

/** A command was lost with its runner. Before the approval the work is begun once more. */
export class RunnerLostError extends Error {
  constructor(
    message: string,
    /** False only when it is certain that the tool never ran. */
    readonly mayHaveStarted = true,
  ) {
    super(message);
  }
}
