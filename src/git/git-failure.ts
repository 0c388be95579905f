import { GitError } from './git.errors';
import type { GitExit } from './git-process';
import type { RemoteAddress } from './remote-url';
import type { Scrubber } from './scrub';

/** Who was asked, for the wording of a message. */
export interface FailureContext {
  address: RemoteAddress;
  hasPassword: boolean;
  hasSshKey: boolean;
  scrub: Scrubber;
}

type Explain = (context: FailureContext) => GitError;

const explainAuthentication: Explain = ({ address, hasPassword, hasSshKey }) => {
  const given = address.scheme === 'ssh' ? hasSshKey : hasPassword;
  const fields = address.scheme === 'ssh' ? '`git_ssh_key`' : '`git_username` and `git_password`';
  const advice = given ? `check ${fields}` : `it asks for credentials: give ${fields}`;
  return new GitError('git-authentication-failed', `Git authentication failed at ${address.host}: ${advice}.`);
};

const unreachable =
  (what: string, isTransient: boolean): Explain =>
  ({ address }) =>
    new GitError('git-unreachable', `The Git server ${address.host ?? 'of the URL'} ${what}.`, isTransient);

const final =
  (code: 'git-failed' | 'git-no-space' | 'git-url-invalid' | 'git-scheme-not-allowed', message: string): Explain =>
  () =>
    new GitError(code, message);

/**
 * What git, curl and ssh say, most telling first: ssh for one adds "Could not read from remote repository" to
 * everything.
 */
const FAILURES: readonly (readonly [RegExp, Explain])[] = [
  [/spawn \S+ E[A-Z0-9]+/, final('git-failed', 'The program git could not be started.')],
  [/No space left on device|Disk quota exceeded/i, final('git-no-space', 'There is no space left for the repository.')],
  // git leaves out why; of a checkout it is the disk nearly always, and never the tag.
  [
    /unable to write (?:file|new index|new_index|loose object|sha1)|write error|failed to write/i,
    final('git-no-space', 'The files of the repository could not be written: is there space left on the disk?'),
  ],
  [
    /unable to update url base from redirection|requested URL returned error: 30\d|redirects? (?:is|are) disabled/i,
    final('git-url-invalid', 'The Git server redirects to another address: give the address it redirects to.'),
  ],
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
    unreachable('shows another ssh host key than before; if that is right, remove its line from `known_hosts`', false),
  ],
  [
    /Authentication failed for|could not read (?:Username|Password)|returned error: 40[13]\b|Access denied|Permission denied \(|Permission denied, please try|Too many authentication failures|terminal prompts disabled/i,
    explainAuthentication,
  ],
  [
    /repository '[^\n]*' not found|returned error: 404|Repository not found|project you were looking for could not be found|does not appear to be a git repository|not valid: is this a git repository/i,
    () =>
      new GitError('git-repository-not-found', 'There is no such Git repository, or these credentials may not see it.'),
  ],
  [
    /detected dubious ownership/,
    final('git-failed', 'The repository belongs to another user of the host, so git refuses to read it.'),
  ],
  [/transport '\S+' not allowed/, final('git-scheme-not-allowed', 'This kind of Git URL is not allowed here.')],
  [
    /SSL certificate|server certificate|certificate verif|SSL_ERROR|SSL routines|gnutls_handshake|TLS (?:connect|handshake)/i,
    unreachable('could not be trusted or spoken to over TLS', false),
  ],
  [/Operation too slow/i, unreachable('stopped sending data', true)],
  [
    /Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|timed out|closed)|No route to host|Network is unreachable|timed out|Empty reply|Recv failure|returned error: (?:5\d\d|429)/i,
    unreachable('could not be reached', true),
  ],
  [
    /early EOF|unexpected disconnect|hung up|RPC failed|transfer closed|invalid index-pack output|bad line length|Could not read from remote repository|expected flush after/i,
    unreachable('broke off the connection', true),
  ],
];

/** The server does not hand the commit out; perhaps it does in another way. */
export class CommitRefusedError extends GitError {
  constructor(
    /** The server has looked for the object and has none, rather than refusing to look. */
    readonly isMissing: boolean,
  ) {
    super('git-ref-not-found', 'The Git server does not have this branch, tag or commit any more.');
  }
}

function toRefusal(words: string): CommitRefusedError | null {
  if (/not our ref|couldn't find remote ref|no such remote ref/i.test(words)) return new CommitRefusedError(true);
  if (/unadvertised object|does not support shallow/i.test(words)) return new CommitRefusedError(false);
  return null;
}

/** Turns git's own words into an error for the user. */
export function toGitError(exit: GitExit, context: FailureContext): GitError {
  // The URL may contain any word that the patterns look for.
  const words = exit.stderr.replaceAll(context.address.url, '');
  const refusal = toRefusal(words);
  if (refusal) return refusal;
  const found = FAILURES.find(([pattern]) => pattern.test(words));
  if (found) return found[1](context);
  const lines = context.scrub(exit.stderr).split(/[\r\n]+/);
  const telling = lines.find((line) => /^(?:fatal|error):/.test(line)) ?? lines.findLast((line) => line.trim() !== '');
  const detail = telling?.replace(/^(?:fatal|error): /, '').slice(0, 300);
  if (exit.exitCode === null) return new GitError('git-failed', 'Git was killed before it had finished.');
  return new GitError('git-failed', detail ? `Git failed: ${detail}` : `Git ended with status ${exit.exitCode}.`);
}
