/**
 * What the platform asks of Git. The adapter is the only code that starts git; everybody else speaks this port.
 * All methods throw `GitError` (see `git.errors.ts`), whose message is fit for a user: it never holds a credential,
 * a path of the host or a URL with user information.
 */
export interface GitCredentials {
  /** User name for http(s); the usual `git` or `x-access-token` when a token is given alone. */
  username: string | null;
  /** Password or token for http(s). */
  password: string | null;
  /** Private key in OpenSSH or PEM format, for ssh. */
  sshKey: string | null;
}

export interface GitRemote {
  /** `https://…`, `ssh://…`, `git@host:path`, or what `GIT_ALLOWED_SCHEMES` allows; without user information. */
  url: string;
  credentials: GitCredentials;
}

export interface GitReference {
  name: string;
  /** The commit: annotated tags are peeled. 40 hex digits. */
  sha: string;
}

export interface GitReferences {
  /** Name of the remote's default branch; null for an empty repository. */
  default: string | null;
  branches: GitReference[];
  tags: GitReference[];
}

export interface GitTreeEntry {
  name: string;
  /** Relative to the repository's root, with `/`. */
  path: string;
  type: 'file' | 'dir';
  /** Bytes; null for a folder. */
  size: number | null;
}

export interface GitClone {
  commitSha: string;
}

export interface GitPort {
  /** Lists branches and tags (`ls-remote`, no clone). */
  references(remote: GitRemote, signal?: AbortSignal): Promise<GitReferences>;

  /**
   * Resolves a branch, tag (branch wins) or commit to the commit it names now. `null` means the default branch.
   * @throws GitError `git-ref-not-found`, and those of every network call.
   */
  resolve(remote: GitRemote, ref: string | null, signal?: AbortSignal): Promise<string>;

  /**
   * Checks out what `ref` names now, shallow, into `directory` (must not exist yet; removed again on failure).
   * No hooks, no global or system configuration, no submodules. `onOutput` gets git's progress, scrubbed, as it comes.
   */
  clone(
    remote: GitRemote,
    ref: string | null,
    directory: string,
    options?: { signal?: AbortSignal; onOutput?: (text: string) => void },
  ): Promise<GitClone>;

  /**
   * Reads one folder of the repository at a ref, from a cached mirror that is brought up to date first.
   * @throws GitError `git-path-not-found` when there is no such folder.
   */
  listTree(
    remote: GitRemote,
    ref: string | null,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ ref: string; commitSha: string; entries: GitTreeEntry[] }>;

  /** Reads one file from the cached mirror; null when it does not exist or is larger than `maxBytes`. */
  readFile(
    remote: GitRemote,
    commitSha: string,
    path: string,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | null>;

  /** Forgets the cached mirror of this remote. */
  forget(remote: GitRemote): Promise<void>;
}

/** Nest injection token of the port. */
export const GIT_PORT = Symbol('GitPort');
