import { Injectable } from '@nestjs/common';
import { type AuditEvent, AuditService } from '../audit';
import type { UploadedFile } from '../artifacts';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, InvalidFieldError, NotFoundError } from '../common/errors';
import { newId } from '../common/ids';
import { RegistryAnswers } from '../common/registry/registry-answers.service';
import { Database } from '../database/database';
import { isForeignKeyViolation, isUniqueViolation } from '../database/driver-errors';
import type { Transaction } from '../database/transaction';
import { RemoteSecrets } from '../git';
import {
  assertStillListed,
  isVersion,
  latestVersion,
  type Listing,
  type TagVersion,
  VERSION_RULE,
  withDeleted,
  withoutDeleted,
} from '../sources';
import type { UpdateModuleVersionRequest } from './dto/module-version.request';
import type { ModuleVersionResponse } from './dto/module-version.response';
import { type ModuleContent, ModulePublisher } from './module-publisher.service';
import { ModuleReader } from './module-reader.service';
import type { ModuleEntity } from './persistence/module.entity';
import { ModuleRepository } from './persistence/module.repository';
import type { ModuleVersionEntity } from './persistence/module-version.entity';
import { ModuleVersionRepository } from './persistence/module-version.repository';

/** A tag to publish, and the listing that brought it. */
interface ListedTag {
  tag: TagVersion;
  listing: Listing;
}

/** Makes, switches and deletes versions of modules. */
@Injectable()
export class ModuleVersions {
  constructor(
    private readonly reader: ModuleReader,
    private readonly modules: ModuleRepository,
    private readonly versions: ModuleVersionRepository,
    private readonly publisher: ModulePublisher,
    private readonly secrets: RemoteSecrets,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly answers: RegistryAnswers,
    private readonly clock: Clock,
  ) {}

  /**
   * Publishes what a form brought.
   * @throws InvalidFieldError, ConflictError when there is this version, ArchiveRefusedError
   */
  async upload(actor: Actor, id: string, version: string, file: UploadedFile): Promise<ModuleVersionResponse> {
    const module = await this.reader.getEntity(id);
    if (!isVersion(version)) throw new InvalidFieldError('version', VERSION_RULE);
    await this.assertIsNew(module.id, version);
    const content = await this.publisher.fromArchive(file.path);
    return this.reader.toVersionResponse(
      module,
      await this.store(actor.label, module, { version, content, from: null }),
    );
  }

  /**
   * Publishes the commit that a tag named when it was listed.
   * @param by who asks for it, as the audit trail names it
   * @throws ConflictError when there is this version; SourceChangedError, VersionDeletedError; GitError, ArchiveRefusedError, DomainError
   */
  async publishTag(by: string, id: string, from: ListedTag, signal: AbortSignal): Promise<ModuleVersionEntity> {
    const module = await this.reader.getEntity(id);
    if (module.gitUrl === null) throw new NotFoundError('repository of this module');
    const { tag, listing } = from;
    await this.assertIsNew(module.id, tag.version);
    assertStillListed(listing, await this.modules.findListedFrom(id), tag.version);
    const remote = this.secrets.remoteOf('module', { ...module, gitUrl: module.gitUrl });
    const content = await this.publisher.fromCommit(remote, tag.sha, module.subdir, signal);
    return this.store(by, module, { version: tag.version, content, from });
  }

  /** @throws NotFoundError */
  async update(
    actor: Actor,
    id: string,
    versionId: string,
    request: UpdateModuleVersionRequest,
  ): Promise<ModuleVersionResponse> {
    const module = await this.reader.getEntity(id);
    const changed = await this.database.transaction(async (transaction) => {
      const version = await this.reader.getVersion(module, versionId);
      const after: ModuleVersionEntity = {
        ...version,
        enabled: request.enabled ?? version.enabled,
        deprecated: request.deprecated === undefined ? version.deprecated : request.deprecated,
      };
      await this.versions.update(transaction, version.id, { enabled: after.enabled, deprecated: after.deprecated });
      await this.refreshLatest(transaction, module.id);
      await this.audit.record(transaction, this.event(actor.label, 'update', module, version, { ...request }));
      return after;
    });
    this.answers.forget(module.namespaceId);
    return this.reader.toVersionResponse(module, changed);
  }

  /** Deletes a version for good. Its tag is passed over from now on, until somebody publishes it by name. */
  async delete(actor: Actor, id: string, versionId: string): Promise<void> {
    const module = await this.reader.getEntity(id);
    await this.database.transaction(async (transaction) => {
      const version = await this.reader.getVersion(module, versionId);
      await this.versions.delete(transaction, version.id);
      await this.refreshLatest(transaction, module.id);
      await this.changeDeleted(transaction, module.id, (present) => withDeleted(present, version.version));
      await this.audit.record(transaction, this.event(actor.label, 'delete', module, version));
    });
    this.answers.forget(module.namespaceId);
  }

  private async store(
    by: string,
    module: ModuleEntity,
    { version: number, content, from }: { version: string; content: ModuleContent; from: ListedTag | null },
  ): Promise<ModuleVersionEntity> {
    const version: ModuleVersionEntity = {
      id: newId(),
      moduleId: module.id,
      version: number,
      gitTag: from?.tag.tag ?? null,
      commitSha: from?.tag.sha ?? null,
      tagMoved: false,
      enabled: true,
      deprecated: null,
      sizeBytes: content.sizeBytes,
      sha256: content.sha256,
      downloads: 0,
      createdAt: this.clock.timestamp(),
    };
    const event = this.event(by, 'publish', module, version, { sha256: version.sha256, commit_sha: version.commitSha });
    try {
      await this.audit.perform(event, async (transaction) => {
        if (from) assertStillListed(from.listing, await this.modules.findListedFrom(module.id), number);
        await this.versions.insert(transaction, version, { readme: content.readme, interface: content.interface });
        await this.refreshLatest(transaction, module.id);
        await this.changeDeleted(transaction, module.id, (present) => withoutDeleted(present, number));
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw taken(number);
      // The module was deleted meanwhile.
      if (isForeignKeyViolation(error)) throw new NotFoundError('module');
      throw error;
    }
    this.answers.forget(module.namespaceId);
    return version;
  }

  /** In the unit that deletes a version, or publishes one again. */
  private async changeDeleted(
    transaction: Transaction,
    id: string,
    change: (present: string[]) => string[],
  ): Promise<void> {
    const present = (await this.modules.findListedFrom(id))?.deletedVersions ?? [];
    const deletedVersions = change(present);
    if (deletedVersions.length !== present.length) await this.modules.update(transaction, id, { deletedVersions });
  }

  private async refreshLatest(transaction: Transaction, moduleId: string): Promise<void> {
    const enabled = await this.versions.findEnabledNumbers(moduleId);
    await this.versions.setLatest(transaction, moduleId, latestVersion(enabled));
  }

  private async assertIsNew(moduleId: string, version: string): Promise<void> {
    if (await this.versions.findByNumber(moduleId, version)) throw taken(version);
  }

  private event(
    by: string,
    verb: string,
    module: ModuleEntity,
    version: ModuleVersionEntity,
    details: Record<string, unknown> = {},
  ): AuditEvent {
    return {
      actor: by,
      action: `module_version.${verb}`,
      targetType: 'module_version',
      targetId: version.id,
      namespaceId: module.namespaceId,
      details: { module: `${module.name}/${module.provider}`, version: version.version, ...details },
    };
  }
}

function taken(version: string): ConflictError {
  return new ConflictError(
    'version-exists',
    `There is a version ${version} already. A published version never changes: publish another one.`,
  );
}
