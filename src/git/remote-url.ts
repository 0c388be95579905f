import { GitError } from './git.errors';

/** The parts of a remote's URL that decide how it is reached. */
export interface RemoteAddress {
  /** What git is given: strictly checked, scheme in lower case. */
  url: string;
  scheme: RemoteScheme;
  /** Host as a name or a literal address without brackets; null for `file`. */
  host: string | null;
  /** The port in use, also when it is the default one; null for `file`. */
  port: number | null;
  /** User named in an ssh URL. */
  user: string | null;
}

const DEFAULT_PORTS = { https: 443, http: 80, ssh: 22, file: null } as const;

type RemoteScheme = keyof typeof DEFAULT_PORTS;

const MAX_URL_LENGTH = 2048;
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?))$/;
const USER = /^[A-Za-z0-9_.~+][A-Za-z0-9_.~+-]*$/;
const SCP_LIKE = /^([^@/:]+)@(\[[^\]]+\]|[^:/[\]]+):(?!:)(.+)$/;
const ENCODED_CONTROL_CHARACTER = /%(?:[01][0-9a-f]|7f)/i;

function isRemoteScheme(scheme: string): scheme is RemoteScheme {
  return Object.hasOwn(DEFAULT_PORTS, scheme);
}

function invalid(message: string): GitError {
  return new GitError('git-url-invalid', message);
}

/** Control characters, spaces and backslashes are where URL parsers disagree, so none is let through. */
function hasForbiddenCharacter(url: string, isFile: boolean): boolean {
  for (const character of url) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x5c) return true;
    if (!isFile && /\s/u.test(character)) return true;
  }
  return ENCODED_CONTROL_CHARACTER.test(url);
}

function parseHost(text: string): string {
  const match = HOST.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) {
    throw invalid('The Git URL has no valid host name (write international names in their `xn--` form).');
  }
  return host;
}

function parsePort(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid('The port of the Git URL must be a number from 1 to 65535.');
  return port;
}

function parseUser(text: string): string {
  if (text.includes(':')) {
    throw invalid('The Git URL must not contain a password: use the field `git_ssh_key` and leave the password out.');
  }
  if (!USER.test(text)) throw invalid('The user name in the Git URL is not valid.');
  return text;
}

function checkPath(path: string): void {
  if (/^\/*$/.test(path)) throw invalid('The Git URL names no repository: its path is empty.');
  if (path.startsWith('-')) throw invalid('The path of the Git URL must not start with `-`.');
  if (/[?#]/.test(path)) throw invalid('The Git URL must not have a query (`?`) or a fragment (`#`).');
}

function parseAuthority(scheme: 'https' | 'http' | 'ssh', rest: string): RemoteAddress {
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? '' : rest.slice(slash);
  const at = authority.lastIndexOf('@');
  const hostAndPort = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority.slice(at + 1));
  if (at >= 0 && scheme !== 'ssh') {
    throw invalid(
      'The Git URL must not contain a user name or password: use the fields `git_username` and `git_password`.',
    );
  }
  const user = at >= 0 ? parseUser(authority.slice(0, at)) : null;
  const host = parseHost(hostAndPort?.[1] ?? '');
  const port = parsePort(hostAndPort?.[2], DEFAULT_PORTS[scheme]);
  checkPath(path);
  return { url: `${scheme}://${rest}`, scheme, host, port, user };
}

function parseFile(rest: string): RemoteAddress {
  if (!rest.startsWith('/')) throw invalid('A file URL must look like `file:///path/to/repository`.');
  checkPath(rest);
  return { url: `file://${rest}`, scheme: 'file', host: null, port: null, user: null };
}

/**
 * Reads a remote's URL, strictly: what this function lets through means the same to git, ssh and curl.
 * @param allowedSchemes of `https`, `ssh`, `http`, `file`; `git@host:path` counts as ssh
 * @throws GitError `git-url-invalid`, `git-scheme-not-allowed`
 */
export function parseRemoteUrl(url: string, allowedSchemes: readonly string[]): RemoteAddress {
  if (url === '' || url.length > MAX_URL_LENGTH) {
    throw invalid(`The Git URL must have 1 to ${MAX_URL_LENGTH} characters.`);
  }
  const split = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(url);
  const named = split?.[1]?.toLowerCase();
  if (hasForbiddenCharacter(url, named === 'file')) {
    throw invalid('The Git URL contains a space, a backslash or a control character.');
  }
  const scpLike = named === undefined && !url.startsWith('-') ? SCP_LIKE.exec(url) : null;
  const scheme = scpLike ? 'ssh' : named;
  if (scheme === undefined) {
    throw invalid(`The Git URL must start with ${allowedForms(allowedSchemes)}.`);
  }
  if (!isRemoteScheme(scheme) || !allowedSchemes.includes(scheme)) {
    throw new GitError(
      'git-scheme-not-allowed',
      `Git URLs of this kind are not allowed here; use ${allowedForms(allowedSchemes)} (GIT_ALLOWED_SCHEMES).`,
    );
  }
  if (scpLike) return parseScpLike(url, scpLike);
  const rest = split?.[2] ?? '';
  return scheme === 'file' ? parseFile(rest) : parseAuthority(scheme, rest);
}

function parseScpLike(url: string, [, user = '', host = '', path = '']: RegExpExecArray): RemoteAddress {
  checkPath(path);
  return { url, scheme: 'ssh', host: parseHost(host), port: DEFAULT_PORTS.ssh, user: parseUser(user) };
}

function allowedForms(allowedSchemes: readonly string[]): string {
  const forms = allowedSchemes.map((scheme) => (scheme === 'file' ? '`file:///`' : `\`${scheme}://\``));
  if (allowedSchemes.includes('ssh')) forms.push('`git@host:path`');
  return forms.length > 1 ? `${forms.slice(0, -1).join(', ')} or ${forms.at(-1)}` : (forms[0] ?? 'nothing');
}

/**
 * Refuses a Git URL that could never be used, for checks before saving. Looks at the text only: no DNS.
 * @throws GitError of kind `invalid`
 */
export function assertGitUrl(url: string, allowedSchemes: string[]): void {
  parseRemoteUrl(url, allowedSchemes);
}

/** Scheme, host and port of a URL that was accepted before: what credentials were given for. */
export function gitHost(url: string): string {
  const { scheme, host, port } = parseRemoteUrl(url, ['https', 'ssh', 'http', 'file']);
  return `${scheme}://${host ?? ''}:${port ?? ''}`;
}
