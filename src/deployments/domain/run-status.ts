import { ConflictError } from '../../common/errors';

export const RUN_STATUSES = [
  'pending',
  'initializing',
  'planning',
  'awaiting_approval',
  'applying',
  'success',
  'failed',
  'cancelled',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Who may cause a change: a person (through the API), the platform's own work, or its clock. */
export type TransitionCause = 'person' | 'platform' | 'clock';

/**
 * What the start of a server does with a run it finds in this status: `nothing` (it waits as before), or `resume`
 * (take up its work where it was; a command that was started is followed, never started again).
 */
export type Recovery = 'nothing' | 'resume';

interface StatusRule {
  readonly next: Partial<Record<RunStatus, readonly TransitionCause[]>>;
  readonly recovery: Recovery;
}

/**
 * The life of a run. This table alone says which change of status is allowed, who may cause it, and what a restart
 * does; nothing else in the code base decides it.
 *
 * Who may approve: a person whose key has `write` on the deployment's namespace (`awaiting_approval` → `applying`).
 * What happens on timeout: of a command, the run fails (`platform`); of an approval, it is cancelled (`clock`).
 */
export const RUN_STATUS_TABLE: Record<RunStatus, StatusRule> = {
  pending: {
    next: { initializing: ['platform'], failed: ['platform'], cancelled: ['person'] },
    recovery: 'nothing',
  },
  initializing: {
    next: { planning: ['platform'], failed: ['platform'], cancelled: ['person'] },
    recovery: 'resume',
  },
  planning: {
    next: {
      awaiting_approval: ['platform'],
      // An auto-approved plan goes on without a person.
      applying: ['platform'],
      // No changes, or a plan-only run.
      success: ['platform'],
      failed: ['platform'],
      cancelled: ['person'],
    },
    recovery: 'resume',
  },
  awaiting_approval: {
    next: { applying: ['person'], failed: ['platform'], cancelled: ['person', 'clock'] },
    recovery: 'nothing',
  },
  applying: {
    next: { success: ['platform'], failed: ['platform'], cancelled: ['person'] },
    recovery: 'resume',
  },
  success: { next: {}, recovery: 'nothing' },
  failed: { next: {}, recovery: 'nothing' },
  cancelled: { next: {}, recovery: 'nothing' },
};

/** True when a run in this status has ended and will never change again. */
export function isFinal(status: RunStatus): boolean {
  return Object.keys(RUN_STATUS_TABLE[status].next).length === 0;
}

/** True when processes of the platform may be at work for a run in this status. */
export function isAtWork(status: RunStatus): boolean {
  return RUN_STATUS_TABLE[status].recovery === 'resume';
}

export const FINAL_STATUSES: readonly RunStatus[] = RUN_STATUSES.filter(isFinal);
export const ACTIVE_STATUSES: readonly RunStatus[] = RUN_STATUSES.filter((status) => !isFinal(status));
export const AT_WORK_STATUSES: readonly RunStatus[] = RUN_STATUSES.filter(isAtWork);

/** True when the table allows this change for this cause. */
export function mayMove(from: RunStatus, to: RunStatus, cause: TransitionCause): boolean {
  return RUN_STATUS_TABLE[from].next[to]?.includes(cause) ?? false;
}

/** The run is not in a status that allows what was asked. */
export class RunStatusConflictError extends ConflictError {
  constructor(
    readonly status: RunStatus,
    action: string,
  ) {
    super('run-status-conflict', `The run is ${status}, so it cannot be ${action}.`);
  }
}
