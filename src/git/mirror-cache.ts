import { createHash } from 'node:crypto';
import { access, mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedMutex } from '../common/concurrency/keyed-mutex';
import { directorySize } from '../common/files/directory-size';
import { GitError } from './git.errors';
import type { GitRemote } from './git.port';
import type { GitSession } from './git-session';
import { createEmptyRepository } from './repository-layout';
import { RepositoryMirror } from './repository-mirror';

export interface MirrorLimits {
  maxMirrors: number;
  /** For each mirror, and for all together. */
  maxBytes: number;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * What a remote's mirror is called. The credentials are part of it: whoever comes with others, or with none, must not
 * read what these have fetched.
 */
export function mirrorKey({ url, credentials }: GitRemote): string {
  const { username, password, sshKey } = credentials;
  return sha256(url + sha256(JSON.stringify([username, password, sshKey]))).slice(0, 32);
}

/** Bare mirrors of remotes, used one task at a time, the longest unused going first when there are too many. */
export class MirrorCache {
  private readonly mutex = new KeyedMutex();
  /** Sizes measured after the last fetch, by key. */
  private readonly sizes = new Map<string, number>();

  constructor(
    private readonly directory: string,
    private readonly limits: MirrorLimits,
  ) {}

  /**
   * Gives a task the mirror of a remote. A mirror that turns out to be damaged, or too full, is made anew once.
   */
  async use<T>(key: string, session: GitSession, task: (mirror: RepositoryMirror) => Promise<T>): Promise<T> {
    const run = async () => {
      const isOld = await access(this.pathOf(key)).then(
        () => true,
        () => false,
      );
      try {
        return await this.attempt(key, session, isOld, task);
      } catch (error) {
        const mayBeDamaged = error instanceof GitError && ['git-failed', 'git-too-large'].includes(error.code);
        if (!isOld || !mayBeDamaged) throw error;
        await this.delete(key);
        return await this.attempt(key, session, false, task);
      }
    };
    const result = await this.mutex.run(key, run, session.signal);
    await this.evict(key);
    return result;
  }

  private async attempt<T>(
    key: string,
    session: GitSession,
    exists: boolean,
    task: (mirror: RepositoryMirror) => Promise<T>,
  ): Promise<T> {
    const directory = this.pathOf(key);
    try {
      if (!exists) await this.create(directory);
      const mirror = new RepositoryMirror(session, directory, this.limits.maxBytes);
      const result = await task(mirror);
      if (mirror.hasGrown) this.sizes.delete(key);
      const now = new Date();
      await utimes(directory, now, now);
      return result;
    } catch (error) {
      if (!exists) await this.delete(key);
      throw error;
    }
  }

  private async create(directory: string): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await mkdir(directory, { mode: 0o700 });
    await createEmptyRepository(directory, { bare: true });
  }

  /** Removes a mirror when nobody uses it any more. */
  async remove(key: string): Promise<void> {
    await this.mutex.run(key, () => this.delete(key));
  }

  private async delete(key: string): Promise<void> {
    this.sizes.delete(key);
    await rm(this.pathOf(key), { recursive: true, force: true });
  }

  private async evict(justUsed: string): Promise<void> {
    if (this.sizes.has(justUsed)) return;
    const mirrors = await this.byAge();
    let bytes = mirrors.reduce((sum, { size }) => sum + size, 0);
    let count = mirrors.length;
    for (const { key, size } of mirrors) {
      if (bytes <= this.limits.maxBytes && count <= this.limits.maxMirrors) return;
      if (key === justUsed || this.mutex.isBusy(key)) continue;
      await this.remove(key);
      bytes -= size;
      count -= 1;
    }
  }

  private async byAge(): Promise<{ key: string; size: number; usedAt: number }[]> {
    const keys = await readdir(this.directory).catch((): string[] => []);
    const mirrors = [];
    for (const key of keys) {
      const directory = this.pathOf(key);
      const usedAt = await stat(directory).then(
        (stats) => stats.mtimeMs,
        () => 0,
      );
      const size = this.sizes.get(key) ?? (await directorySize(directory));
      this.sizes.set(key, size);
      mirrors.push({ key, size, usedAt });
    }
    return mirrors.sort((a, b) => a.usedAt - b.usedAt);
  }

  private pathOf(key: string): string {
    return join(this.directory, key);
  }
}
