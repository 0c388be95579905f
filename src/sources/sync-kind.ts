import type { PassedOverTag } from '../database/git-source.columns';
import type { StoredRemote } from '../git';
import type { KnownVersion } from './domain/sync-result';
import type { TagVersion } from './domain/tag-versions';

/** A module or provider that comes from a repository, as its sync needs it. */
export interface SyncedSource extends StoredRemote {
  id: string;
  tagPrefix: string;
  /** From `markOf`. */
  mark: string;
  /** Null: no sync of this source has ended yet. */
  lastSyncedAt: string | null;
  passedOver: PassedOverTag[];
  deletedVersions: string[];
}

/** How a sync ended, to be stored. */
export interface SyncRecord {
  synced: boolean;
  syncError: string | null;
  lastSyncedAt: string;
  passedOver: PassedOverTag[];
}

/** What has tags that become versions: modules, providers. Each room implements it for its own. */
export interface SyncKind {
  readonly owner: 'module' | 'provider';
  /** Null when it is gone or has no repository. */
  findSource(id: string): Promise<SyncedSource | null>;
  findVersions(id: string): Promise<KnownVersion[]>;
  /**
   * Makes the version of a tag, whole or not at all.
   * @param source what the tag was listed from
   * @param context `isNews`: false for the tags of long ago that a repository has when it is first looked at, but for the
   *   one that stands for its latest version
   * @throws SourceChangedError, VersionDeletedError; DomainError for what is wrong with the tag's content: it is told, and the other tags go on; a GitError of
   *   the network ends the sync
   */
  publish(source: SyncedSource, tag: TagVersion, context: { signal: AbortSignal; isNews: boolean }): Promise<void>;
  /** Notes which versions' tags name another commit now. */
  recordMoves(id: string, moves: { versionId: string; tagMoved: boolean }[]): Promise<void>;
  /**
   * Stores how a sync of `source` ended. Of one that is another by now nothing is stored.
   * @param dueAt when it is to be looked at again; null: never by itself
   */
  recordSync(source: SyncedSource, record: SyncRecord, dueAt: string | null): Promise<void>;
  /** Notes that somebody asked for a sync, so that the next server knows should this one die. */
  markDue(id: string, dueAt: string): Promise<void>;
  /** Ids whose time has come, the longest waiting first. */
  findDue(now: string, limit: number): Promise<string[]>;
  /** The id of what this webhook token, as a hash, belongs to. */
  findByWebhook(tokenHash: string): Promise<string | null>;
}
