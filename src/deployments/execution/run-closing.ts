import { DomainError } from '../../common/errors';
import { SecretUnreadableError } from '../../crypto/secret-box';
import type { RunEntity } from '../persistence/run.entity';
import { Move, PLATFORM_ACTOR } from '../run-journal.service';
import { cancelMessage, KILLED_APPLY, RunCancelledError, RunFailedError, RunnerLostError } from './run-ends';

/** Null: nobody foresaw this error, and a human must look at the log. */
function knownMessage(error: unknown): string | null {
  if (error instanceof RunnerLostError && !error.mayHaveStarted) {
    return `${error.message} Nothing was applied (runner_lost): start a new run.`;
  }
  if (error instanceof RunnerLostError) {
    return (
      `${error.message} Whether and how far the plan was applied is not known (runner_lost): ` +
      'look at the log and at the real resources, then start a new run; nothing is applied again by itself.'
    );
  }
  if (error instanceof RunFailedError || error instanceof DomainError || error instanceof SecretUnreadableError) {
    return error.message;
  }
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
    return 'There is no space left for working directories (no_space).';
  }
  return null;
}

/** Errors of the host that a run meets, for people; the log of the server has where. */
const HOST_TROUBLE: Readonly<Record<string, string>> = {
  EMFILE: 'The server has as many files open as it may (too_many_files). Raise its limit, then start a new run.',
  ENFILE: 'The machine has as many files open as it may (too_many_files).',
  EROFS: 'Working directories cannot be written (work_root).',
  EACCES: 'Working directories cannot be written (work_root).',
  EPERM: 'Working directories cannot be written (work_root).',
};

function hostTrouble(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? HOST_TROUBLE[String(error.code)] : undefined;
}

/** True for an error that says nothing of the run, and is over when others have closed their files. */
export function isPassing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EMFILE', 'ENFILE'].includes(String(error.code));
}

/** True for an error that nobody foresaw. */
export function isUnforeseen(error: unknown): boolean {
  return !(error instanceof RunCancelledError) && knownMessage(error) === null;
}

/**
 * How a run ends whose work ended with an error, in words for people.
 * @param isStateLocked the run was killed and holds the lock of the state: it stays
 */
export function closingMove(run: RunEntity, isCancelled: boolean, error: unknown, isStateLocked = false): Move {
  if (error instanceof RunCancelledError || (isCancelled && error instanceof RunnerLostError)) {
    const by = run.cancelledBy ?? PLATFORM_ACTOR;
    const how = error instanceof RunCancelledError ? error.how : error.mayHaveStarted ? 'killed' : 'never begun';
    const exitCode = error instanceof RunCancelledError ? error.exitCode : null;
    const message = cancelMessage(by, run.status === 'applying', how) + lockHint(isStateLocked);
    const changes = { errorMessage: message, exitCode };
    return { to: 'cancelled', cause: 'person', actor: by, reason: message, changes, keepsStateLock: isStateLocked };
  }
  const known =
    knownMessage(error) ??
    hostTrouble(error) ??
    'The server made a mistake; its log has the details under the id of this run.';
  const message = known + lockHint(isStateLocked);
  const changes = { errorMessage: message, exitCode: error instanceof RunFailedError ? error.exitCode : null };
  return {
    to: 'failed',
    cause: 'platform',
    actor: PLATFORM_ACTOR,
    reason: message,
    changes,
    keepsStateLock: isStateLocked,
  };
}

/** True when the tool did not end by itself, so that nobody knows what it has saved and whether it gave the lock back. */
export function wasKilled(error: unknown): boolean {
  if (error instanceof RunnerLostError) return error.mayHaveStarted;
  if (error instanceof RunCancelledError) return error.how === 'killed';
  return error instanceof RunFailedError && error.message.includes(KILLED_APPLY);
}

function lockHint(isStateLocked: boolean): string {
  if (!isStateLocked) return '';
  return ' The state is still locked by this run: once nothing works on it any more, an admin may break the lock (DELETE …/state/lock).';
}
