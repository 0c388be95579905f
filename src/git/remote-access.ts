import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './git.errors';
import type { GitCredentials } from './git.port';
import type { HelperScripts } from './helper-scripts';
import type { RemoteAddress } from './remote-url';

const MAX_CREDENTIAL_LENGTH = 8192;

/** Where the parts of access that are files live. */
export interface AccessFiles {
  scripts: HelperScripts;
  keyDirectory: string;
  /** No operation takes so long: a key that is older was left behind by a server that died. */
  keyLifetimeMs: number;
  knownHosts: string;
}

/** Environment that gives git the right to read one remote, as long as it is not closed. */
export interface RemoteAccess {
  environment: Record<string, string>;
  close(): Promise<void>;
}

/** ssh expands `%` in paths. */
function sshPath(path: string): string {
  return path.replaceAll('%', '%%');
}

function assertOneLine(value: string, field: string): void {
  if (value.length > MAX_CREDENTIAL_LENGTH || /[\0\r\n]/.test(value)) {
    throw new GitError(
      'git-authentication-failed',
      `Git authentication cannot work: \`${field}\` must be one line of at most ${MAX_CREDENTIAL_LENGTH} characters.`,
    );
  }
}

function passwordEnvironment({ username, password }: GitCredentials, askPass: string): Record<string, string> {
  if (!username && !password) return {};
  assertOneLine(username ?? '', 'git_username');
  assertOneLine(password ?? '', 'git_password');
  return {
    GIT_ASKPASS: askPass,
    PLOMADA_GIT_USERNAME: username ?? 'git',
    PLOMADA_GIT_PASSWORD: password ?? '',
  };
}

async function writeKey({ keyDirectory, keyLifetimeMs }: AccessFiles, sshKey: string): Promise<string> {
  const file = join(keyDirectory, randomUUID());
  await mkdir(keyDirectory, { recursive: true, mode: 0o700 });
  await removeStaleKeys(keyDirectory, keyLifetimeMs);
  // ssh refuses a key without a final line feed or with Windows line ends.
  await writeFile(file, `${sshKey.replace(/\r\n?/g, '\n').trim()}\n`, { mode: 0o600, flag: 'wx' });
  return file;
}

/** Lays out the credentials for git: a password in the environment, a key in a file that goes away again. */
export async function openRemoteAccess(
  address: RemoteAddress,
  credentials: GitCredentials,
  files: AccessFiles,
): Promise<RemoteAccess> {
  const nothing = () => Promise.resolve();
  if (address.scheme === 'file') return { environment: {}, close: nothing };
  if (address.scheme !== 'ssh') {
    return { environment: passwordEnvironment(credentials, files.scripts.askPass), close: nothing };
  }
  const key = credentials.sshKey ? await writeKey(files, credentials.sshKey) : null;
  const environment = {
    GIT_SSH: files.scripts.ssh,
    GIT_SSH_VARIANT: 'ssh',
    PLOMADA_SSH_USER: address.user === null ? (credentials.username ?? 'git') : '',
    PLOMADA_SSH_ALIAS: address.port === 22 ? (address.host ?? '') : `[${address.host}]:${address.port}`,
    PLOMADA_SSH_KEY: key === null ? 'none' : sshPath(key),
    PLOMADA_SSH_KNOWN_HOSTS: sshPath(files.knownHosts),
  };
  return { environment, close: () => (key === null ? nothing() : rm(key, { force: true })) };
}

async function removeStaleKeys(directory: string, maxAgeMs: number): Promise<void> {
  for (const name of await readdir(directory).catch((): string[] => [])) {
    const file = join(directory, name);
    const changedAt = await stat(file).then(
      (stats) => stats.mtimeMs,
      () => Infinity,
    );
    if (Date.now() - changedAt > maxAgeMs) await rm(file, { force: true });
  }
}
