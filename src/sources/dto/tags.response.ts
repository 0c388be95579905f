import type { TagVersion } from '../domain/tag-versions';
import type { SyncResult } from '../domain/sync-result';

/** A tag that stands for a version. */
export class GitTagResponse {
  /** @example 'v1.2.3' */
  name!: string;

  /** @example '1.2.3' */
  version!: string;

  commit_sha!: string;
}

export class SkippedTagResponse {
  tag!: string;

  /** Why no version was made of it. */
  reason!: string;
}

export class MovedTagResponse {
  tag!: string;

  version!: string;

  /** The commit that was published, and stays. */
  published_commit_sha!: string;

  /** The commit the tag names now. */
  commit_sha!: string;
}

/** What a look at the tags of a repository brought. */
export class SyncResultResponse {
  /** How many tags the repository has. */
  tags_found!: number;

  /** How many became versions just now. */
  tags_added!: number;

  /** Names of those. */
  added!: string[];

  tags_skipped!: SkippedTagResponse[];

  /** Tags that name another commit now; the published versions stay as they are. */
  tags_moved!: MovedTagResponse[];
}

export function toSyncResultResponse(result: SyncResult): SyncResultResponse {
  return {
    tags_found: result.tagsFound,
    tags_added: result.tagsAdded.length,
    added: result.tagsAdded,
    tags_skipped: result.tagsSkipped,
    tags_moved: result.tagsMoved.map(({ tag, version, published, now }) => ({
      tag,
      version,
      published_commit_sha: published,
      commit_sha: now,
    })),
  };
}

export function toGitTagResponse({ tag, version, sha }: TagVersion): GitTagResponse {
  return { name: tag, version, commit_sha: sha };
}
