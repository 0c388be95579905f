import type { GitSession, Place } from './git-session';
import { parseReferenceList, type ReferenceList } from './reference-list';

/** How old a listing may be where a page of files is shown; a run always asks anew. */
const REUSED_FOR_MS = 5000;
const MAX_KEPT = 100;

/** Asks remotes for their branches and tags. */
export class ReferenceReader {
  private readonly kept = new Map<string, { list: ReferenceList; readAt: number }>();

  /** @param place where git is started although it needs no repository */
  constructor(private readonly place: Place) {}

  /** What the remote says now. */
  async read(key: string, session: GitSession): Promise<ReferenceList> {
    const readAt = performance.now();
    const output = await session.remote(this.place, ['ls-remote', '--symref', '--end-of-options', session.url]);
    const list = parseReferenceList(output);
    this.kept.delete(key);
    this.kept.set(key, { list, readAt });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
    }
    return list;
  }

  /** What the remote said at most a few seconds ago. */
  async readRecent(key: string, session: GitSession): Promise<ReferenceList> {
    return this.findRecent(key) ?? this.read(key, session);
  }

  /** What is known already, without asking. */
  findRecent(key: string): ReferenceList | null {
    const kept = this.kept.get(key);
    return kept !== undefined && performance.now() - kept.readAt < REUSED_FOR_MS ? kept.list : null;
  }

  forget(key: string): void {
    this.kept.delete(key);
  }
}
