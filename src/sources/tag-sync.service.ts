import { Inject, Injectable, Logger } from '@nestjs/common';
import { KeyedMutex } from '../common/concurrency/keyed-mutex';
import { Clock } from '../common/clock';
import { DomainError, NotFoundError } from '../common/errors';
import { outsideOfRequests } from '../common/http/request-context';
import { RegistryConfig } from '../config/config';
import type { PassedOverTag } from '../database/git-source.columns';
import { SecretUnreadableError } from '../crypto/secret-box';
import { GIT_PORT, GitError, gitHost, GitPort, GitReferences, RemoteSecrets } from '../git';
import { SourceChangedError, VersionDeletedError } from './domain/listing';
import { failureSummary, movesOf, type SyncResult } from './domain/sync-result';
import { SkippedTag, TagVersion, toVersions } from './domain/tag-versions';
import { latestVersion } from './domain/versions';
import type { SyncedSource, SyncKind } from './sync-kind';

const MINUTE_MS = 60_000;
const DUE_AT_ONCE = 100;
/** The version of a tag was deleted while the sync was under way. */
const DELETED = Symbol('deleted');

/**
 * Turns new tags into versions. One repository at a time for each Git host, so that a registry full of modules is not
 * an attack on it; a host that hangs holds up nobody but its own.
 */
@Injectable()
export class TagSync {
  private readonly logger = new Logger(TagSync.name);
  private readonly kinds: SyncKind[] = [];
  private readonly hosts = new KeyedMutex();
  /** Waiting for their turn in the background: asked for once more, they are looked at once. */
  private readonly waiting = new Set<string>();
  /** At work in the background. */
  private readonly active = new Set<string>();
  private readonly looks = new Map<string, Promise<TagVersion[]>>();
  private readonly tasks = new Set<Promise<unknown>>();
  private readonly stopping = new AbortController();

  constructor(
    @Inject(GIT_PORT) private readonly git: GitPort,
    private readonly secrets: RemoteSecrets,
    private readonly config: RegistryConfig,
    private readonly clock: Clock,
  ) {}

  register(kind: SyncKind): void {
    this.kinds.push(kind);
  }

  /** Looks at the tags now and answers with what came of it. Tags that failed before are tried again. */
  sync(kind: SyncKind, id: string): Promise<SyncResult> {
    return this.track(this.inTurn(kind, id, () => this.syncOnce(kind, id, true)));
  }

  /** Looks at the tags as soon as it is their turn; what comes of it is stored with the module or provider. */
  request(kind: SyncKind, id: string): void {
    const key = `${kind.owner} ${id}`;
    if (this.waiting.has(key) || this.stopping.signal.aborted) return;
    this.waiting.add(key);
    const work = (): Promise<unknown> => {
      this.waiting.delete(key);
      this.active.add(key);
      return this.syncOnce(kind, id, false).finally(() => this.active.delete(key));
    };
    outsideOfRequests(() => {
      void this.track(
        this.inTurn(kind, id, work)
          .catch((error: unknown) => this.logFailure(kind, id, error))
          .finally(() => this.waiting.delete(key)),
      );
    });
  }

  /** Asks for a sync of what a webhook's token belongs to, if it must be looked at. False: it belongs to nothing. */
  async requestByWebhook(tokenHash: string, mustLook: boolean): Promise<boolean> {
    for (const kind of this.kinds) {
      const id = await kind.findByWebhook(tokenHash);
      if (id === null) continue;
      if (!mustLook) return true;
      await kind.markDue(id, this.clock.timestamp());
      this.request(kind, id);
      return true;
    }
    return false;
  }

  /** Asks for a sync of all whose time has come; with an interval of 0, of those that somebody has asked for. */
  async requestDue(now: Date): Promise<void> {
    for (const kind of this.kinds) {
      // Those that wait already are the longest due: they must not hide the others.
      const limit = DUE_AT_ONCE + this.waiting.size + this.active.size;
      const due = await kind.findDue(now.toISOString(), limit);
      const isNew = (id: string): boolean => {
        const key = `${kind.owner} ${id}`;
        return !this.waiting.has(key) && !this.active.has(key);
      };
      for (const id of due.filter(isNew).slice(0, DUE_AT_ONCE)) this.request(kind, id);
    }
  }

  /**
   * The same for people who look: all who ask while the Git server is being asked get its one answer, since everybody
   * who may read may ask.
   */
  lookAtTags(kind: SyncKind, id: string): Promise<TagVersion[]> {
    const key = `${kind.owner} ${id}`;
    const present = this.looks.get(key);
    if (present) return present;
    const look = this.findTags(kind, id)
      .then(({ tags }) => tags)
      .finally(() => this.looks.delete(key));
    this.looks.set(key, look);
    return look;
  }

  /** Tags of the repository that stand for a version, as they are now. */
  async findTags(kind: SyncKind, id: string): Promise<{ mark: string; tags: TagVersion[] }> {
    const source = await this.getSource(kind, id);
    const { tags } = await this.references(kind, source);
    return { mark: source.mark, tags: toVersions(tags, source.tagPrefix).versions };
  }

  /** When something synced now is due again; null: not before somebody asks. */
  private dueAfter(now: Date): string | null {
    const minutes = this.config.syncIntervalMinutes;
    return minutes === 0 ? null : new Date(now.getTime() + minutes * MINUTE_MS).toISOString();
  }

  /** Stops what is under way. Half of a sync is a sync of half the tags: the next one goes on. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled([...this.tasks]);
  }

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  private async inTurn<T>(kind: SyncKind, id: string, work: () => Promise<T>): Promise<T> {
    const source = await this.getSource(kind, id);
    return this.hosts.run(gitHost(source.gitUrl), work, this.stopping.signal);
  }

  private async syncOnce(kind: SyncKind, id: string, isByHand: boolean): Promise<SyncResult> {
    const source = await this.getSource(kind, id);
    try {
      const { tags } = await this.references(kind, source);
      return await this.take(kind, source, toVersions(tags, source.tagPrefix), tags.length, isByHand);
    } catch (error) {
      if (!this.stopping.signal.aborted) {
        await this.record(kind, source, { error: messageOf(error), passedOver: source.passedOver });
      }
      throw error;
    }
  }

  private async take(
    kind: SyncKind,
    source: SyncedSource,
    found: { versions: TagVersion[]; skipped: SkippedTag[] },
    tagCount: number,
    isByHand: boolean,
  ): Promise<SyncResult> {
    const known = new Map((await kind.findVersions(source.id)).map((version) => [version.version, version]));
    const moved = movesOf(found.versions, known);
    if (moved.changes.length > 0) await kind.recordMoves(source.id, moved.changes);
    const result: SyncResult = {
      tagsFound: tagCount,
      tagsAdded: [],
      tagsSkipped: [...found.skipped, ...moved.skipped],
      tagsMoved: moved.moved,
    };
    const passedOver: PassedOverTag[] = [];
    const failures: SkippedTag[] = [];
    const latest = latestVersion(found.versions.map(({ version }) => version));
    for (const tag of found.versions) {
      if (known.has(tag.version)) continue;
      if (source.deletedVersions.includes(tag.version)) {
        result.tagsSkipped.push({ tag: tag.tag, reason: deletedReason(tag) });
        continue;
      }
      const before = source.passedOver.find((entry) => entry.tag === tag.tag && entry.commit_sha === tag.sha);
      const isNews = source.lastSyncedAt !== null || tag.version === latest;
      const reason = before && !isByHand ? before.reason : await this.publish(kind, source, tag, isNews);
      if (reason === null) {
        result.tagsAdded.push(tag.tag);
        continue;
      }
      if (reason === DELETED) {
        result.tagsSkipped.push({ tag: tag.tag, reason: deletedReason(tag) });
        continue;
      }
      passedOver.push({ tag: tag.tag, commit_sha: tag.sha, reason });
      failures.push({ tag: tag.tag, reason });
    }
    result.tagsSkipped.push(...failures);
    await this.record(kind, source, { error: failureSummary(failures), passedOver });
    this.logger.log({
      event: 'tags_synced',
      [`${kind.owner}_id`]: source.id,
      found: result.tagsFound,
      added: result.tagsAdded.length,
      failed: failures.length,
    });
    return result;
  }

  /** @returns null when the tag was published; `DELETED`, or why it could not be */
  private async publish(
    kind: SyncKind,
    source: SyncedSource,
    tag: TagVersion,
    isNews: boolean,
  ): Promise<string | typeof DELETED | null> {
    try {
      await kind.publish(source, tag, { signal: this.stopping.signal, isNews });
      return null;
    } catch (error) {
      // Somebody published it by name, or uploaded it, just now.
      if (error instanceof DomainError && error.code === 'version-exists') return null;
      if (error instanceof VersionDeletedError) return DELETED;
      if (error instanceof SourceChangedError) throw error;
      const isOfTheTag = error instanceof DomainError && !isPassing(error) && !this.stopping.signal.aborted;
      if (!isOfTheTag) throw error;
      return error.message;
    }
  }

  private async record(
    kind: SyncKind,
    source: SyncedSource,
    { error, passedOver }: { error: string | null; passedOver: PassedOverTag[] },
  ): Promise<void> {
    const now = this.clock.now();
    const record = { synced: error === null, syncError: error, lastSyncedAt: now.toISOString(), passedOver };
    await kind.recordSync(source, record, this.dueAfter(now));
  }

  private references(kind: SyncKind, source: SyncedSource): Promise<GitReferences> {
    return this.git.references(this.secrets.remoteOf(kind.owner, source), this.stopping.signal);
  }

  private async getSource(kind: SyncKind, id: string): Promise<SyncedSource> {
    const source = await kind.findSource(id);
    if (!source) throw new NotFoundError(`${kind.owner} with a Git repository`);
    return source;
  }

  private track<T>(task: Promise<T>): Promise<T> {
    const settled = task.then(
      () => undefined,
      () => undefined,
    );
    this.tasks.add(settled);
    void settled.then(() => this.tasks.delete(settled));
    return task;
  }

  private logFailure(kind: SyncKind, id: string, error: unknown): void {
    // A change asks for a sync of its own.
    const isOutdated = error instanceof NotFoundError || error instanceof SourceChangedError;
    if (this.stopping.signal.aborted || isOutdated) return;
    const fields = { event: 'tag_sync_failed', [`${kind.owner}_id`]: id };
    if (error instanceof DomainError || error instanceof SecretUnreadableError) {
      this.logger.warn({ ...fields, error: error.message });
    } else this.logger.error(fields, error instanceof Error ? error.stack : error);
  }
}

/** Of the server or the network, not of the tag: trying again may help, and the other tags would fail as well. */
function isPassing(error: DomainError): boolean {
  if (error instanceof GitError) return !['git-ref-not-found', 'git-too-large', 'git-failed'].includes(error.code);
  return error.kind === 'unavailable' || error.kind === 'insufficient-storage';
}

function deletedReason({ version }: TagVersion): string {
  return `its version ${version} was deleted`;
}

function messageOf(error: unknown): string {
  if (error instanceof DomainError || error instanceof SecretUnreadableError) return error.message;
  return 'The server made a mistake; its log has the details.';
}
