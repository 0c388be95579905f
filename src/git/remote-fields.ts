import { InvalidFieldError } from '../common/errors';
import { refusingAs } from '../common/refusing-as';
import type { StoredRemote } from './remote-secrets';
import { assertGitUrl, gitHost } from './remote-url';

/** The fields of a request that say where a repository is and how it is reached. */
export interface RemoteFields {
  git_url?: string | null;
  git_password?: string | null;
  git_ssh_key?: string | null;
}

/** Checks what validation of single fields cannot. @throws InvalidFieldError */
export function assertRemoteFields(request: RemoteFields, allowedSchemes: string[]): void {
  const { git_url: url, git_ssh_key: key } = request;
  if (typeof url === 'string') refusingAs('git_url', () => assertGitUrl(url, allowedSchemes));
  if (typeof key === 'string' && !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) {
    throw new InvalidFieldError('git_ssh_key', 'must be a private key in OpenSSH or PEM format');
  }
}

/**
 * Credentials that were given for one host are not sent to another because somebody changed the URL.
 * @throws InvalidFieldError that says what to give
 */
export function assertCredentialsStayWithTheirHost(
  present: Omit<StoredRemote, 'gitUrl'> & { gitUrl: string | null },
  request: RemoteFields,
): void {
  if (typeof request.git_url !== 'string') return;
  if (present.gitUrl !== null && gitHost(request.git_url) === gitHost(present.gitUrl)) return;
  const stored: [string, string | null, unknown][] = [
    ['git_password', present.gitPassword, request.git_password],
    ['git_ssh_key', present.gitSshKey, request.git_ssh_key],
  ];
  for (const [field, secret, given] of stored) {
    if (secret !== null && given === undefined) {
      throw new InvalidFieldError(field, 'was given for another host: with the new git_url give it again, or null');
    }
  }
}
