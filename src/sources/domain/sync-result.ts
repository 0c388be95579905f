import type { SkippedTag, TagVersion } from './tag-versions';

/** How many failed tags a sync error names; the result of a sync by hand names all. */
const NAMED_FAILURES = 5;

/** What came of a look at the tags. */
export interface SyncResult {
  tagsFound: number;
  tagsAdded: string[];
  tagsSkipped: SkippedTag[];
  tagsMoved: { tag: string; version: string; published: string; now: string }[];
}

/** A version there is already. */
export interface KnownVersion {
  id: string;
  version: string;
  /** Null: it was uploaded, and no tag is its business. */
  gitTag: string | null;
  commitSha: string | null;
  tagMoved: boolean;
}

/** Which versions' tags name another commit than the one that was published, and what people are told of that. */
export function movesOf(
  versions: TagVersion[],
  known: Map<string, KnownVersion>,
): {
  changes: { versionId: string; tagMoved: boolean }[];
  moved: SyncResult['tagsMoved'];
  skipped: SkippedTag[];
} {
  const changes: { versionId: string; tagMoved: boolean }[] = [];
  const moved: SyncResult['tagsMoved'] = [];
  const skipped: SkippedTag[] = [];
  for (const { tag, version, sha } of versions) {
    const present = known.get(version);
    if (!present) continue;
    if (present.gitTag === null) skipped.push({ tag, reason: `version ${version} was uploaded; it stays as it is` });
    if (present.gitTag !== tag || present.commitSha === null) continue;
    const tagMoved = present.commitSha !== sha;
    if (tagMoved !== present.tagMoved) changes.push({ versionId: present.id, tagMoved });
    if (!tagMoved) continue;
    moved.push({ tag, version, published: present.commitSha, now: sha });
    skipped.push({
      tag,
      reason: `moved from ${present.commitSha} to ${sha}; version ${version} stays at the first`,
    });
  }
  return { changes, moved, skipped };
}

/** What a sync error says of the tags that failed; null when none did. */
export function failureSummary(failures: SkippedTag[]): string | null {
  if (failures.length === 0) return null;
  const named = failures.slice(0, NAMED_FAILURES).map(({ tag, reason }) => `${tag}: ${reason}`);
  const more = failures.length > NAMED_FAILURES ? [`and ${failures.length - NAMED_FAILURES} more`] : [];
  return [...named, ...more].join('\n');
}
