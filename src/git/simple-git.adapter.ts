import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockedNetworks } from './blocked-networks';
import type { WantedCommit } from './commit-fetch';
import { startDeadline } from './deadline';
import { baseEnvironment } from './git-environment';
import type { GitOptions } from './git-options';
import { GitSession } from './git-session';
import { asGitError, GitError } from './git.errors';
import type { GitClone, GitPort, GitReferences, GitRemote, GitTreeEntry } from './git.port';
import { writeHelperScripts } from './helper-scripts';
import { MirrorCache, mirrorKey } from './mirror-cache';
import { assertGitRef, isAbbreviatedSha, isCommitSha } from './ref-name';
import { findReference, refNotFound, shortName, toReferences } from './reference-list';
import { ReferenceReader } from './reference-reader';
import { type AccessFiles, openRemoteAccess } from './remote-access';
import { parseRemoteUrl } from './remote-url';
import { toRepositoryPath } from './repository-path';
import { createScrubber } from './scrub';
import { withSizeLimit } from './size-guard';
import { checkOut } from './working-copy';

const DEFAULT_STALL_SECONDS = 30;
const DEFAULT_MAX_MIRRORS = 200;

/** The Git port on top of simple-git and the git program. */
export class SimpleGitAdapter implements GitPort {
  private readonly networks: BlockedNetworks;
  private readonly environment: Record<string, string>;
  private readonly mirrors: MirrorCache;
  private readonly referenceReader: ReferenceReader;

  constructor(private readonly options: GitOptions) {
    const { cacheDir, homeDir, maxBytes } = options;
    this.networks = new BlockedNetworks(options.blockedNetworks, options.lookupHost);
    this.environment = baseEnvironment({
      own: options.environment,
      homeDir,
      stallSeconds: options.stallSeconds ?? DEFAULT_STALL_SECONDS,
    });
    const maxMirrors = options.maxMirrors ?? DEFAULT_MAX_MIRRORS;
    this.mirrors = new MirrorCache(join(cacheDir, 'mirrors'), { maxMirrors, maxBytes });
    this.referenceReader = new ReferenceReader({ directory: cacheDir, gitDir: join(cacheDir, 'no-repository') });
  }

  async references(remote: GitRemote, signal?: AbortSignal): Promise<GitReferences> {
    return this.withSession(remote, signal, async (session) =>
      toReferences(await this.referenceReader.read(mirrorKey(remote), session)),
    );
  }

  async resolve(remote: GitRemote, ref: string | null, signal?: AbortSignal): Promise<string> {
    if (ref !== null) assertGitRef(ref);
    return this.withSession(remote, signal, async (session) => {
      const wanted = await this.locate(remote, session, ref);
      return ref !== null && isCommitSha(ref) ? this.verify(remote, session, wanted) : wanted.sha;
    });
  }

  async clone(
    remote: GitRemote,
    ref: string | null,
    directory: string,
    options: { signal?: AbortSignal; onOutput?: (text: string) => void } = {},
  ): Promise<GitClone> {
    if (ref !== null) assertGitRef(ref);
    return this.withSession(
      remote,
      options.signal,
      async (session) => {
        await createDirectory(directory);
        try {
          const limit = { directory, maxBytes: this.options.maxBytes, signal: session.signal };
          const commitSha = await withSizeLimit(limit, (signal) => {
            const loud = session.with({ signal, onOutput: options.onOutput });
            return checkOut(loud, directory, ref, () => this.locate(remote, session.with({ signal }), ref));
          });
          return { commitSha };
        } catch (error) {
          await rm(directory, { recursive: true, force: true });
          throw error;
        }
      },
      [directory],
    );
  }

  async listTree(
    remote: GitRemote,
    ref: string | null,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ ref: string; commitSha: string; entries: GitTreeEntry[] }> {
    if (ref !== null) assertGitRef(ref);
    const folder = toRepositoryPath(path);
    return this.withSession(remote, signal, async (session) => {
      const wanted = await this.locate(remote, session, ref, true);
      const isPlainSha = wanted.reference === null;
      const key = mirrorKey(remote);
      return this.mirrors.use(key, session, async (mirror) => {
        await mirror.bring(wanted);
        const commitSha = isPlainSha ? await mirror.toCommit(wanted.sha) : wanted.sha;
        const entries = await mirror.list(commitSha, folder);
        return { ref: ref ?? shortName(wanted.reference ?? 'HEAD'), commitSha, entries };
      });
    });
  }

  async readFile(
    remote: GitRemote,
    commitSha: string,
    path: string,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | null> {
    if (!isCommitSha(commitSha)) throw refNotFound(commitSha);
    const file = toRepositoryPath(path);
    const wanted = { sha: commitSha.toLowerCase(), reference: null };
    const key = mirrorKey(remote);
    return this.withSession(remote, signal, async (session) =>
      this.mirrors.use(key, session, async (mirror) => {
        await mirror.bring(wanted);
        return mirror.read(wanted.sha, file, maxBytes);
      }),
    );
  }

  async forget(remote: GitRemote): Promise<void> {
    const key = mirrorKey(remote);
    this.referenceReader.forget(key);
    await this.mirrors.remove(key);
  }

  /** Finds what to fetch: a full commit id is taken at its word, anything else is looked up at the remote. */
  private async locate(
    remote: GitRemote,
    session: GitSession,
    ref: string | null,
    mayBeRecent = false,
  ): Promise<WantedCommit> {
    if (ref !== null && isCommitSha(ref)) return { sha: ref.toLowerCase(), reference: null };
    const key = mirrorKey(remote);
    const list = await (mayBeRecent
      ? this.referenceReader.readRecent(key, session)
      : this.referenceReader.read(key, session));
    const found = findReference(list, ref);
    if (found) return { sha: found.sha, reference: found.name };
    if (ref === null || !isAbbreviatedSha(ref) || list.commits.size === 0) throw refNotFound(ref);
    const sha = await this.mirrors.use(key, session, (mirror) => mirror.resolveAbbreviated(ref.toLowerCase()));
    return { sha, reference: null };
  }

  /** Makes sure that the remote has a commit that was given by its id. */
  private async verify(remote: GitRemote, session: GitSession, wanted: WantedCommit): Promise<string> {
    const key = mirrorKey(remote);
    return this.mirrors.use(key, session, async (mirror) => {
      await mirror.bring(wanted);
      return mirror.toCommit(wanted.sha);
    });
  }

  private async withSession<T>(
    remote: GitRemote,
    signal: AbortSignal | undefined,
    task: (session: GitSession) => Promise<T>,
    hiddenPaths: string[] = [],
  ): Promise<T> {
    const { allowedSchemes, timeoutSeconds, cacheDir, homeDir } = this.options;
    const address = parseRemoteUrl(remote.url, allowedSchemes);
    const deadline = startDeadline(timeoutSeconds, signal);
    try {
      const access = await openRemoteAccess(address, remote.credentials, await this.layOut());
      const session = new GitSession({
        address,
        credentials: remote.credentials,
        access,
        environment: this.environment,
        networks: this.networks,
        scrub: createScrubber(remote.credentials, [...hiddenPaths, cacheDir, homeDir]),
        signal: deadline.signal,
      });
      try {
        return await task(session);
      } finally {
        await access.close();
      }
    } catch (error) {
      throw asGitError(error);
    } finally {
      deadline.clear();
    }
  }

  /** Lays out the cache directory; each time, because it may be emptied while the server runs. */
  private async layOut(): Promise<AccessFiles> {
    const { cacheDir, homeDir, timeoutSeconds } = this.options;
    await mkdir(join(cacheDir, 'mirrors'), { recursive: true, mode: 0o700 });
    await mkdir(homeDir, { recursive: true, mode: 0o700 });
    return {
      scripts: await writeHelperScripts(join(cacheDir, 'bin')),
      keyDirectory: join(cacheDir, 'keys'),
      keyLifetimeMs: 2 * timeoutSeconds * 1000,
      knownHosts: join(cacheDir, 'known_hosts'),
    };
  }
}

/** Makes the fresh directory of a clone; one that exists is not ours to fill, nor to remove. */
async function createDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new GitError('git-failed', 'The working directory exists already.');
  }
}
