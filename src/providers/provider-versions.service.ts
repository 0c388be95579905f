import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit';
import type { UploadedFile } from '../artifacts';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, InvalidFieldError, NotFoundError } from '../common/errors';
import { newId } from '../common/ids';
import { RegistryAnswers } from '../common/registry/registry-answers.service';
import { Database } from '../database/database';
import { isForeignKeyViolation, isUniqueViolation } from '../database/driver-errors';
import type { Transaction } from '../database/transaction';
import {
  assertStillListed,
  latestVersion,
  type Listing,
  type TagVersion,
  withDeleted,
  withoutDeleted,
} from '../sources';
import { type Platform, platformProblem } from './domain/platforms';
import { buildActive, published, versionExists } from './domain/providers.errors';
import type { UpdateProviderVersionRequest } from './dto/provider-version.request';
import type { ProviderPlatformResponse, ProviderVersionResponse } from './dto/provider-version.response';
import { BuildRepository } from './persistence/build.repository';
import type { ProviderEntity } from './persistence/provider.entity';
import type { ProviderPlatformEntity } from './persistence/provider-platform.entity';
import { ProviderRepository } from './persistence/provider.repository';
import type { ProviderVersionEntity } from './persistence/provider-version.entity';
import { ProviderVersionRepository } from './persistence/provider-version.repository';
import { providerVersionEvent } from './provider-audit';
import { ProviderPackages } from './provider-packages.service';
import { ProviderReader } from './provider-reader.service';

interface DraftContent {
  version: string;
  protocols: string[];
  /** The tag to build it from, and the listing that brought it; null: packages are uploaded. */
  from: { tag: TagVersion; listing: Listing } | null;
}

/** Makes drafts, fills them, switches and deletes versions of providers. */
@Injectable()
export class ProviderVersions {
  constructor(
    private readonly reader: ProviderReader,
    private readonly providers: ProviderRepository,
    private readonly versions: ProviderVersionRepository,
    private readonly builds: BuildRepository,
    private readonly packages: ProviderPackages,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly answers: RegistryAnswers,
    private readonly clock: Clock,
  ) {}

  /** @throws ConflictError when there is this version */
  async assertIsNew(id: string, number: string): Promise<void> {
    if (await this.versions.findByNumber(id, number)) throw versionExists(number);
  }

  /**
   * Makes a draft, of a tag or of nothing yet.
   * @throws ConflictError when there is this version; SourceChangedError, VersionDeletedError
   */
  async addDraft(
    by: string,
    provider: ProviderEntity,
    { version: number, protocols, from }: DraftContent,
  ): Promise<ProviderVersionEntity> {
    const version: ProviderVersionEntity = {
      id: newId(),
      providerId: provider.id,
      version: number,
      gitTag: from?.tag.tag ?? null,
      commitSha: from?.tag.sha ?? null,
      tagMoved: false,
      enabled: true,
      deprecated: null,
      protocols,
      status: 'draft',
      shasumsSha256: null,
      signatureSha256: null,
      signingKeyId: null,
      downloads: 0,
      publishedAt: null,
      createdAt: this.clock.timestamp(),
    };
    try {
      await this.audit.perform(providerVersionEvent(by, 'create', provider, version), async (transaction) => {
        if (from) assertStillListed(from.listing, await this.providers.findListedFrom(provider.id), number);
        await this.versions.insert(transaction, version);
        await this.changeDeleted(transaction, provider.id, (present) => withoutDeleted(present, number));
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw versionExists(number);
      // The provider was deleted meanwhile.
      if (isForeignKeyViolation(error)) throw new NotFoundError('provider');
      throw error;
    }
    return version;
  }

  /** @throws NotFoundError */
  async update(
    actor: Actor,
    id: string,
    versionId: string,
    request: UpdateProviderVersionRequest,
  ): Promise<ProviderVersionResponse> {
    const provider = await this.reader.getEntity(id);
    const changed = await this.database.transaction(async (transaction) => {
      const version = await this.reader.getVersion(provider, versionId);
      const enabled = request.enabled ?? version.enabled;
      const deprecated = request.deprecated === undefined ? version.deprecated : request.deprecated;
      await this.versions.update(transaction, version.id, { enabled, deprecated });
      await this.refreshLatest(transaction, provider.id);
      const event = providerVersionEvent(actor.label, 'update', provider, version, { ...request });
      await this.audit.record(transaction, event);
      return { ...version, enabled, deprecated };
    });
    this.answers.forget(provider.namespaceId);
    return (await this.reader.respondVersions([changed]))[0]!;
  }

  /** Deletes a version for good. @throws ConflictError while a build of it is active */
  async delete(actor: Actor, id: string, versionId: string): Promise<void> {
    const provider = await this.reader.getEntity(id);
    await this.database.transaction(async (transaction) => {
      const version = await this.reader.getVersion(provider, versionId);
      if (await this.builds.findActiveOf(version.id)) throw buildActive();
      await this.versions.delete(transaction, version.id);
      await this.refreshLatest(transaction, provider.id);
      await this.changeDeleted(transaction, provider.id, (present) => withDeleted(present, version.version));
      await this.audit.record(transaction, providerVersionEvent(actor.label, 'delete', provider, version));
    });
    this.answers.forget(provider.namespaceId);
  }

  /**
   * Adds the package of one platform to a draft.
   * @throws InvalidFieldError, ArchiveRefusedError; ConflictError when the version is published, is being built, or
   *   has this platform
   */
  async upload(
    actor: Actor,
    id: string,
    versionId: string,
    platform: Platform,
    file: UploadedFile,
  ): Promise<ProviderPlatformResponse> {
    const problem = platformProblem(platform);
    if (problem !== null) throw new InvalidFieldError(problem.split(' ')[0] ?? 'arch', problem.replace(/^\w+ /, ''));
    const provider = await this.reader.getEntity(id);
    const version = await this.reader.getVersion(provider, versionId);
    const present = await this.versions.findPlatforms([version.id]);
    if (present.some(({ os, arch }) => os === platform.os && arch === platform.arch)) throw platformExists(platform);
    if (version.status !== 'draft') throw published(version.version);
    const of = { name: provider.name, version: version.version, versionId: version.id };
    const taken = await this.packages.take(file.path, of, platform);
    const event = providerVersionEvent(actor.label, 'upload', provider, version, {
      filename: taken.filename,
      shasum: taken.shasum,
    });
    await this.audit.perform(event, async (transaction) => {
      await this.assertOpen(version.id, version.version);
      await this.addPlatforms(transaction, [taken]);
    });
    return this.reader.respondPlatform(version, taken);
  }

  /** Takes a package out of a draft. */
  async removePlatform(actor: Actor, id: string, versionId: string, platformId: string): Promise<void> {
    const provider = await this.reader.getEntity(id);
    const version = await this.reader.getVersion(provider, versionId);
    await this.database.transaction(async (transaction) => {
      const platform = (await this.versions.findPlatforms([version.id])).find((each) => each.id === platformId);
      if (!platform) throw new NotFoundError('platform');
      await this.assertOpen(version.id, version.version);
      await this.versions.deletePlatform(transaction, platform.id);
      const details = { filename: platform.filename };
      await this.audit.record(
        transaction,
        providerVersionEvent(actor.label, 'remove_platform', provider, version, details),
      );
    });
  }

  /** Adds packages in the unit of the caller. @throws ConflictError when the version has one of the platforms */
  async addPlatforms(transaction: Transaction, platforms: ProviderPlatformEntity[]): Promise<void> {
    for (const platform of platforms) {
      try {
        await this.versions.insertPlatform(transaction, platform);
      } catch (error) {
        if (isUniqueViolation(error)) throw platformExists(platform);
        if (isForeignKeyViolation(error)) throw new NotFoundError('version');
        throw error;
      }
    }
  }

  /** Call it in the unit that changes which versions are served. */
  async refreshLatest(transaction: Transaction, providerId: string): Promise<void> {
    const served = await this.versions.findServedNumbers(providerId);
    await this.versions.setLatest(transaction, providerId, latestVersion(served));
  }

  /** Inside a unit: the version is a draft that nothing builds. @throws ConflictError */
  private async assertOpen(versionId: string, number: string): Promise<void> {
    const current = await this.versions.findById(versionId);
    if (!current) throw new NotFoundError('version');
    if (current.status !== 'draft') throw published(number);
    if (await this.builds.findActiveOf(versionId)) throw buildActive();
  }

  /** In the unit that deletes a version, or publishes one again. */
  private async changeDeleted(
    transaction: Transaction,
    id: string,
    change: (present: string[]) => string[],
  ): Promise<void> {
    const present = (await this.providers.findListedFrom(id))?.deletedVersions ?? [];
    const deletedVersions = change(present);
    if (deletedVersions.length !== present.length) await this.providers.update(transaction, id, { deletedVersions });
  }
}

function platformExists({ os, arch }: Platform): ConflictError {
  return new ConflictError('platform-exists', `The version has a package for ${os}/${arch} already.`);
}
