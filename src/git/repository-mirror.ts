import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchCommit, fetchHistory, type WantedCommit } from './commit-fetch';
import type { GitSession, Place } from './git-session';
import { GitError } from './git.errors';
import type { GitTreeEntry } from './git.port';
import { refNotFound } from './reference-list';
import { withSizeLimit } from './size-guard';
import { isRegularFile, parseTree, toTreeEntries, type TreeLine } from './tree-listing';

const COMMITS = 'refs/plomada/commits';

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** A bare repository with the commits of one remote that somebody has looked at. Only one user at a time. */
export class RepositoryMirror {
  private readonly place: Place;
  private fetched = false;

  constructor(
    private readonly session: GitSession,
    directory: string,
    private readonly maxBytes: number,
  ) {
    this.place = { directory, gitDir: directory };
  }

  /** Whether anything was fetched: the mirror is larger than it was. */
  get hasGrown(): boolean {
    return this.fetched;
  }

  /** Fetches the commit, unless it is here already. */
  async bring(wanted: WantedCommit): Promise<void> {
    if (await exists(join(this.place.gitDir, COMMITS, wanted.sha))) return;
    await this.withinLimit((session) => fetchCommit(session, this.place, wanted, `${COMMITS}/${wanted.sha}`));
  }

  private withinLimit(task: (session: GitSession) => Promise<void>): Promise<void> {
    this.fetched = true;
    const limit = { directory: this.place.directory, maxBytes: this.maxBytes, signal: this.session.signal };
    return withSizeLimit(limit, (signal) => task(this.session.with({ signal })));
  }

  /** The commit that a full object id names: itself, or what an annotated tag points to. */
  async toCommit(sha: string): Promise<string> {
    return (await this.findCommit(sha)) ?? fail(refNotFound(sha));
  }

  /** The only commit whose id begins so, for which the whole history is needed. */
  async resolveAbbreviated(prefix: string): Promise<string> {
    await this.withinLimit((session) => fetchHistory(session, this.place));
    return (await this.findCommit(prefix)) ?? fail(refNotFound(prefix));
  }

  private async findCommit(id: string): Promise<string | null> {
    const found = await this.session.local(this.place, ['rev-parse', `--disambiguate=${id}`]);
    const commits = new Set<string>();
    for (const candidate of found.split('\n').filter(Boolean)) {
      const type = (await this.session.local(this.place, ['cat-file', '-t', candidate])).trim();
      if (type === 'commit') commits.add(candidate);
      if (type === 'tag') commits.add(await this.peel(candidate));
    }
    if (commits.size > 1) {
      const message = `The abbreviated commit "${id}" is ambiguous: ${commits.size} commits begin so. Give more digits.`;
      throw new GitError('git-ref-not-found', message);
    }
    return [...commits][0] ?? null;
  }

  private async peel(tag: string): Promise<string> {
    return (await this.session.local(this.place, ['rev-parse', '--verify', `${tag}^{commit}`])).trim();
  }

  /**
   * One folder of a commit that is here.
   * @param path as `toRepositoryPath` gives it
   * @throws GitError `git-path-not-found`
   */
  async list(commitSha: string, path: string): Promise<GitTreeEntry[]> {
    const prefix = path === '' ? '' : `${path}/`;
    const found = await this.lsTree(commitSha, prefix === '' ? [] : [prefix]);
    // Asked for what is in a submodule, git answers with the submodule itself.
    const lines = found.filter((line) => line.path.startsWith(prefix));
    // git keeps no empty folders, except that a commit may hold nothing at all.
    if (lines.length === 0 && path !== '') {
      throw new GitError('git-path-not-found', `There is no folder "${path}" in the repository at this commit.`);
    }
    return toTreeEntries(lines);
  }

  /** One file of a commit that is here; null when it is none, a link or too large. */
  async read(commitSha: string, path: string, maxBytes: number): Promise<Buffer | null> {
    if (path === '') return null;
    const line = (await this.lsTree(commitSha, [path])).find((entry) => entry.path === path);
    if (!line || !isRegularFile(line) || line.size === null || line.size > maxBytes) return null;
    return this.session.readBlob(this.place, line.sha);
  }

  private async lsTree(commitSha: string, paths: string[]): Promise<TreeLine[]> {
    const lines = parseTree(
      await this.session.local(this.place, ['ls-tree', '-l', '-z', '--full-tree', commitSha, '--', ...paths]),
    );
    if (lines.some((line) => line.isMissing)) fail(new GitError('git-failed', 'The cached copy is damaged.'));
    return lines;
  }
}

function fail(error: GitError): never {
  throw error;
}
