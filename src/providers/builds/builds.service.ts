import { Injectable } from '@nestjs/common';
import { AuditService } from '../../audit';
import type { Actor } from '../../common/access/actor';
import { Clock } from '../../common/clock';
import { ConflictError, DomainError, InvalidFieldError, NotFoundError } from '../../common/errors';
import { cutNewestFirst, type ListQuery, type Page } from '../../common/http/pagination';
import { isId, newId } from '../../common/ids';
import { Database } from '../../database/database';
import { isUniqueViolation } from '../../database/driver-errors';
import type { Transaction } from '../../database/transaction';
import { hasEnded } from '../domain/build-status';
import { DEFAULT_PLATFORMS, type Platform, platformProblem } from '../domain/platforms';
import { buildActive, published } from '../domain/providers.errors';
import { BuildResponse, toBuildResponse } from '../dto/build.response';
import type { BuildEntity } from '../persistence/build.entity';
import { BuildRepository } from '../persistence/build.repository';
import type { ProviderEntity } from '../persistence/provider.entity';
import type { ProviderVersionEntity } from '../persistence/provider-version.entity';
import { ProviderVersionRepository } from '../persistence/provider-version.repository';
import { providerVersionEvent } from '../provider-audit';
import { ProviderReader } from '../provider-reader.service';
import { BuildJournal } from './build-journal.service';
import { BuildScheduler } from './build-scheduler.service';

/** Starts, shows and cancels builds. */
@Injectable()
export class BuildsService {
  constructor(
    private readonly reader: ProviderReader,
    private readonly versions: ProviderVersionRepository,
    private readonly builds: BuildRepository,
    private readonly journal: BuildJournal,
    private readonly scheduler: BuildScheduler,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /**
   * Puts a build of a draft at the end of the queue.
   * @throws InvalidFieldError for a platform there is not; ConflictError when the version is published, is being
   *   built, or has one of the platforms; DomainError (422) when it does not come from Git
   */
  async create(actor: Actor, id: string, versionId: string, platforms?: Platform[]): Promise<BuildResponse> {
    const wanted = platforms ?? [...DEFAULT_PLATFORMS];
    assertPlatforms(wanted);
    const provider = await this.reader.getEntity(id);
    const version = await this.reader.getVersion(provider, versionId);
    const build = await this.database.transaction((transaction) =>
      this.createInUnit(transaction, actor.label, provider, version, wanted, false),
    );
    this.announce(build);
    return toBuildResponse(build);
  }

  /** The same in the unit of the caller, who calls `announce` after the commit. */
  async createInUnit(
    transaction: Transaction,
    by: string,
    provider: ProviderEntity,
    version: ProviderVersionEntity,
    platforms: readonly Platform[],
    publish: boolean,
  ): Promise<BuildEntity> {
    if (provider.gitUrl === null || version.commitSha === null) {
      throw new DomainError(
        'unprocessable',
        'no-repository',
        'The version does not come from a tag of a repository, so there is nothing to build. Set git_url and sync the tags, or upload packages.',
      );
    }
    const current = await this.versions.findById(version.id);
    if (!current) throw new NotFoundError('version');
    if (current.status !== 'draft') throw published(version.version);
    await this.assertNoneIsThere(version.id, platforms);
    const now = this.clock.timestamp();
    try {
      const build = await this.journal.createInUnit(transaction, {
        id: newId(),
        versionId: version.id,
        status: 'queued',
        platforms: platforms.map(({ os, arch }) => ({ os, arch, status: 'queued' })),
        publish,
        commitSha: version.commitSha,
        goVersion: null,
        evidence: null,
        errorMessage: null,
        attempt: 0,
        eventSeq: 0,
        createdBy: by,
        cancelledBy: null,
        cancelRequestedAt: null,
        createdAt: now,
        startedAt: null,
        completedAt: null,
      });
      const event = providerVersionEvent(by, 'request_build', provider, version, { build_id: build.id, publish });
      await this.audit.record(transaction, event);
      return build;
    } catch (error) {
      if (isUniqueViolation(error)) throw buildActive();
      throw error;
    }
  }

  /** After the commit of `createInUnit`. */
  announce(build: BuildEntity): void {
    this.journal.announce(build, null);
    this.scheduler.wake();
  }

  /** Newest first. */
  async list(id: string, versionId: string, query: ListQuery): Promise<Page<BuildResponse>> {
    const version = await this.reader.getVersion(await this.reader.getEntity(id), versionId);
    const page = cutNewestFirst(await this.builds.findAllOf(version.id), query);
    return { ...page, items: page.items.map(toBuildResponse) };
  }

  async get(id: string, versionId: string, buildId: string): Promise<BuildResponse> {
    return toBuildResponse(await this.getEntity(id, versionId, buildId));
  }

  /** @throws NotFoundError */
  async getEntity(id: string, versionId: string, buildId: string): Promise<BuildEntity> {
    const version = await this.reader.getVersion(await this.reader.getEntity(id), versionId);
    const build = isId(buildId) ? await this.builds.findIn(version.id, buildId) : null;
    if (!build) throw new NotFoundError('build');
    return build;
  }

  /** Ends a build. @throws ConflictError when it has ended */
  async cancel(actor: Actor, id: string, versionId: string, buildId: string): Promise<BuildResponse> {
    const provider = await this.reader.getEntity(id);
    const version = await this.reader.getVersion(provider, versionId);
    const build = await this.getEntity(id, versionId, buildId);
    if (hasEnded(build.status)) throw ended(build);
    const changes = { cancelledBy: actor.label, cancelRequestedAt: this.clock.timestamp() };
    const event = providerVersionEvent(actor.label, 'cancel_build', provider, version, { build_id: buildId });
    if (build.status === 'queued') {
      const errorMessage = `Cancelled by ${actor.label}.`;
      const cancelled = await this.journal.move(build, 'cancelled', { ...changes, errorMessage }, (transaction) =>
        this.audit.record(transaction, event),
      );
      if (cancelled) return toBuildResponse(cancelled);
    }
    const asked = await this.journal.tryUpdate(build, changes, (transaction) => this.audit.record(transaction, event));
    if (!asked) throw ended(await this.getEntity(id, versionId, buildId));
    this.scheduler.cancel(buildId);
    return toBuildResponse(asked);
  }

  private async assertNoneIsThere(versionId: string, platforms: readonly Platform[]): Promise<void> {
    const present = await this.versions.findPlatforms([versionId]);
    const twice = platforms.find(({ os, arch }) => present.some((each) => each.os === os && each.arch === arch));
    if (twice) {
      throw new ConflictError('platform-exists', `The version has a package for ${twice.os}/${twice.arch} already.`);
    }
  }
}

function assertPlatforms(platforms: readonly Platform[]): void {
  const seen = new Set<string>();
  platforms.forEach((platform, place) => {
    const problem = platformProblem(platform);
    if (problem !== null) throw new InvalidFieldError(`platforms.${place}`, problem);
    const key = `${platform.os}/${platform.arch}`;
    if (seen.has(key)) throw new InvalidFieldError(`platforms.${place}`, `names ${key} twice`);
    seen.add(key);
  });
}

function ended(build: BuildEntity): ConflictError {
  return new ConflictError('build-ended', `The build has ended: it is ${build.status}.`);
}
