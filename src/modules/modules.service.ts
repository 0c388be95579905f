import { Injectable } from '@nestjs/common';
import { type AuditEvent, AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, NotFoundError } from '../common/errors';
import { newId } from '../common/ids';
import { givenFields } from '../common/patch';
import { normalizeRepositoryPath } from '../common/text/repository-path';
import { Database } from '../database/database';
import { NamespacesService } from '../namespaces';
import { GitSources } from '../sources';
import type { CreateModuleRequest } from './dto/create-module.request';
import type { ModuleResponse } from './dto/module.response';
import type { UpdateModuleRequest } from './dto/update-module.request';
import { ModuleReader } from './module-reader.service';
import { ModuleSync } from './module-sync.service';
import type { ModuleEntity } from './persistence/module.entity';
import { ModuleRepository } from './persistence/module.repository';
import { ModuleVersionRepository } from './persistence/module-version.repository';

/** Makes, changes and deletes modules. */
@Injectable()
export class ModulesService {
  constructor(
    private readonly modules: ModuleRepository,
    private readonly versions: ModuleVersionRepository,
    private readonly reader: ModuleReader,
    private readonly namespaces: NamespacesService,
    private readonly kind: ModuleSync,
    private readonly sources: GitSources,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Makes a module; with a `git_url`, its tags are looked at soon. @throws InvalidFieldError, ConflictError */
  async create(actor: Actor, request: CreateModuleRequest): Promise<ModuleResponse> {
    const module = await this.database.transaction(() => this.createInUnit(actor, request));
    this.sources.wasMade(this.kind, module);
    return (await this.reader.respond([module]))[0]!;
  }

  private async createInUnit(actor: Actor, request: CreateModuleRequest): Promise<ModuleEntity> {
    const namespaceId = await this.namespaces.findId(request.namespace_id);
    if (namespaceId === null) throw new NotFoundError('namespace');
    const id = newId();
    const now = this.clock.timestamp();
    const module: ModuleEntity = {
      id,
      namespaceId,
      name: request.name,
      nameKey: request.name.toLowerCase(),
      provider: request.provider,
      description: request.description ?? '',
      subdir: normalizeRepositoryPath(request.subdir ?? '.', 'subdir'),
      ...this.sources.columnsOf(this.kind, id, null, request),
      webhookHash: null,
      webhookToken: null,
      latestVersion: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.assertAddressIsFree(module);
    await this.audit.perform(this.event(actor, 'create', module, { name: module.name }), (transaction) =>
      this.modules.insert(transaction, module),
    );
    return module;
  }

  /** What is absent stays. Published versions stay as they are, whatever changes. */
  async update(actor: Actor, id: string, request: UpdateModuleRequest): Promise<ModuleResponse> {
    const { before, after } = await this.database.transaction(() => this.updateInUnit(actor, id, request));
    this.sources.wasChanged(this.kind, before, after, before.subdir !== after.subdir);
    return (await this.reader.respond([after]))[0]!;
  }

  private async updateInUnit(
    actor: Actor,
    id: string,
    request: UpdateModuleRequest,
  ): Promise<{ before: ModuleEntity; after: ModuleEntity }> {
    const before = await this.reader.getEntity(id);
    const name = request.name ?? before.name;
    const after: ModuleEntity = {
      ...before,
      name,
      nameKey: name.toLowerCase(),
      provider: request.provider ?? before.provider,
      description: request.description ?? before.description,
      subdir: request.subdir === undefined ? before.subdir : normalizeRepositoryPath(request.subdir, 'subdir'),
      ...this.sources.columnsOf(this.kind, id, before, request),
      updatedAt: this.clock.timestamp(),
    };
    // What was wrong with a tag may be right in another folder.
    if (after.subdir !== before.subdir) {
      after.passedOver = [];
      if (after.gitUrl !== null) after.syncDueAt = after.updatedAt;
    }
    if (after.name !== before.name || after.provider !== before.provider) {
      await this.assertAddressMayChange(before);
      await this.assertAddressIsFree(after);
    }
    await this.audit.perform(this.event(actor, 'update', after, { fields: givenFields(request) }), (transaction) =>
      this.modules.update(transaction, id, after),
    );
    return { before, after };
  }

  /** Deletes a module with all its versions. */
  async delete(actor: Actor, id: string): Promise<void> {
    const module = await this.database.transaction(async () => {
      const found = await this.reader.getEntity(id);
      await this.audit.perform(
        this.event(actor, 'delete', found, { name: found.name, latest_version: found.latestVersion }),
        (transaction) => this.modules.delete(transaction, id),
      );
      return found;
    });
    this.sources.wasDeleted(this.kind, module);
  }

  /** The address to register at the Git server; null while there is none. */
  async webhookUrl(id: string): Promise<string | null> {
    return this.sources.webhookUrl(this.kind, await this.reader.getEntity(id));
  }

  /** Makes a webhook address; an earlier one stops working. */
  async renewWebhook(actor: Actor, id: string): Promise<string | null> {
    const module = await this.reader.getEntity(id);
    const token = this.sources.newWebhook(this.kind, id);
    await this.audit.perform(this.event(actor, 'webhook', module, { name: module.name }), (transaction) =>
      this.modules.update(transaction, id, token),
    );
    return this.sources.webhookUrl(this.kind, { id, ...token });
  }

  private async assertAddressMayChange(module: ModuleEntity): Promise<void> {
    if ((await this.versions.findAll(module.id)).length === 0) return;
    throw new ConflictError(
      'module-published',
      'The module has versions; clients know it by its name and provider, so these stay.',
    );
  }

  /** Inside a unit, so that nobody takes it meanwhile. Two names that differ in case alone would be mixed up. */
  private async assertAddressIsFree(module: ModuleEntity): Promise<void> {
    const holder = await this.modules.findByAddress(module.namespaceId, module.name, module.provider);
    if (!holder || holder.id === module.id) return;
    throw new ConflictError(
      'name-taken',
      `There is a module "${holder.name}" for ${holder.provider} in this namespace already.`,
    );
  }

  private event(actor: Actor, verb: string, module: ModuleEntity, details: Record<string, unknown>): AuditEvent {
    return {
      actor: actor.label,
      action: `module.${verb}`,
      targetType: 'module',
      targetId: module.id,
      namespaceId: module.namespaceId,
      details,
    };
  }
}
