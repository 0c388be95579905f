import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { ArchiveRefusedError } from './archives.errors';

/** As many as Linux follows for one name. */
const MAX_HOPS = 40;
const STEPS_PER_ENTRY = 20;

/** Where a link leads in the end. */
export type LinkEnd =
  | { outcome: 'found'; segments: string[]; stats: Stats }
  | { outcome: 'dangling' }
  | { outcome: 'leaves' }
  | { outcome: 'loops' };

/**
 * Follows symbolic links of one tree, step by step and never out of it: a link that leaves the tree and comes back
 * leaves it, and nothing outside is looked at, not even whether it exists.
 */
export class LinkResolver {
  private steps = 0;
  private readonly maxSteps: number;

  /** @param maxEntries of the archive; all links together may take 20 steps for each */
  constructor(
    private readonly root: string,
    maxEntries: number,
  ) {
    this.maxSteps = maxEntries * STEPS_PER_ENTRY;
  }

  /**
   * @param link where the link lies below the root; its folders are real ones
   * @throws ArchiveRefusedError when links take more steps than any honest tree needs
   */
  async resolve(link: string[]): Promise<LinkEnd> {
    const pending = link.slice(-1);
    const current = link.slice(0, -1);
    let stats: Stats | null = null;
    let isMissing = false;
    let hops = 0;
    for (let segment = pending.pop(); segment !== undefined; segment = pending.pop()) {
      if (stats && !stats.isDirectory()) isMissing = true;
      if (segment === '' || segment === '.') continue;
      if (segment === '..') {
        // Also behind what does not exist: it might, one day.
        if (current.pop() === undefined) return { outcome: 'leaves' };
        stats = null;
        continue;
      }
      const found: Stats | null = isMissing ? null : await this.look([...current, segment]);
      isMissing ||= found === null;
      if (!found?.isSymbolicLink()) {
        current.push(segment);
        stats = found;
        continue;
      }
      if (++hops > MAX_HOPS) return { outcome: 'loops' };
      const target = await readlink(join(this.root, ...current, segment));
      if (isAbsolute(target)) return { outcome: 'leaves' };
      pending.push(...target.split('/').reverse());
      stats = null;
    }
    if (isMissing) return { outcome: 'dangling' };
    return { outcome: 'found', segments: current, stats: stats ?? (await lstat(join(this.root, ...current))) };
  }

  /** Null when it does not exist. */
  private async look(segments: string[]): Promise<Stats | null> {
    if (++this.steps > this.maxSteps) {
      throw new ArchiveRefusedError('The symbolic links lead through too many others.');
    }
    try {
      return await lstat(join(this.root, ...segments));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null;
      throw error;
    }
  }
}
