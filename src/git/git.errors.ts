import { DomainError, type ErrorKind } from '../common/errors';

/** Every way a Git operation can go wrong, and what kind of fault it is for the caller. */
const KINDS = {
  'git-url-invalid': 'invalid',
  'git-scheme-not-allowed': 'invalid',
  'git-host-blocked': 'invalid',
  'git-ref-invalid': 'invalid',
  'git-path-invalid': 'invalid',
  'git-ref-not-found': 'not-found',
  'git-path-not-found': 'not-found',
  'git-authentication-failed': 'unprocessable',
  'git-repository-not-found': 'unprocessable',
  'git-too-large': 'unprocessable',
  'git-failed': 'unprocessable',
  'git-no-space': 'insufficient-storage',
  'git-unreachable': 'unavailable',
  'git-timeout': 'unavailable',
  'git-cancelled': 'unavailable',
} as const satisfies Record<string, ErrorKind>;

export type GitErrorCode = keyof typeof KINDS;

/**
 * What every method of the Git port throws. The message is fit for a user: no credential, no path of the host, no
 * URL with user information.
 */
export class GitError extends DomainError {
  constructor(
    override readonly code: GitErrorCode,
    message: string,
    /** The same call may succeed in a moment: only then is it tried again. */
    readonly isTransient = false,
  ) {
    super(KINDS[code], code, message);
  }
}

/**
 * Makes a `GitError` of a fault of the host (disk full, no permission), whose own message names paths. What is neither is
 * a mistake of ours, and stays what it is.
 */
export function asGitError(error: unknown): unknown {
  if (error instanceof GitError) return error;
  const reason = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof reason !== 'string') return error;
  const wrapped =
    reason === 'ENOSPC' || reason === 'EDQUOT'
      ? new GitError('git-no-space', 'There is no space left for the repository.')
      : new GitError('git-failed', `The server could not prepare its Git folders (${reason}).`);
  wrapped.cause = error;
  return wrapped;
}
