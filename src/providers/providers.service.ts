import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, NotFoundError } from '../common/errors';
import { newId } from '../common/ids';
import { givenFields } from '../common/patch';
import { Database } from '../database/database';
import { NamespacesService } from '../namespaces';
import { GitSources } from '../sources';
import { buildActive } from './domain/providers.errors';
import type { CreateProviderRequest } from './dto/create-provider.request';
import type { ProviderResponse } from './dto/provider.response';
import type { UpdateProviderRequest } from './dto/update-provider.request';
import { BuildRepository } from './persistence/build.repository';
import type { ProviderEntity } from './persistence/provider.entity';
import { ProviderRepository } from './persistence/provider.repository';
import { ProviderVersionRepository } from './persistence/provider-version.repository';
import { providerEvent } from './provider-audit';
import { ProviderReader } from './provider-reader.service';
import { ProviderSync } from './provider-sync.service';

/** Makes, changes and deletes providers. */
@Injectable()
export class ProvidersService {
  constructor(
    private readonly providers: ProviderRepository,
    private readonly versions: ProviderVersionRepository,
    private readonly builds: BuildRepository,
    private readonly reader: ProviderReader,
    private readonly namespaces: NamespacesService,
    private readonly kind: ProviderSync,
    private readonly sources: GitSources,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Makes a provider; with a `git_url`, its tags are looked at soon. @throws InvalidFieldError, ConflictError */
  async create(actor: Actor, request: CreateProviderRequest): Promise<ProviderResponse> {
    const provider = await this.database.transaction(() => this.createInUnit(actor, request));
    this.sources.wasMade(this.kind, provider);
    return (await this.reader.respond([provider]))[0]!;
  }

  private async createInUnit(actor: Actor, request: CreateProviderRequest): Promise<ProviderEntity> {
    const namespaceId = await this.namespaces.findId(request.namespace_id);
    if (namespaceId === null) throw new NotFoundError('namespace');
    await this.namespaces.assertCanHoldProviders(namespaceId, 'namespace_id');
    const id = newId();
    const now = this.clock.timestamp();
    const provider: ProviderEntity = {
      id,
      namespaceId,
      name: request.name,
      description: request.description ?? '',
      buildOnTag: request.build_on_tag ?? false,
      ...this.sources.columnsOf(this.kind, id, null, request),
      webhookHash: null,
      webhookToken: null,
      latestVersion: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.assertNameIsFree(provider);
    await this.audit.perform(providerEvent(actor.label, 'create', provider, { name: provider.name }), (transaction) =>
      this.providers.insert(transaction, provider),
    );
    return provider;
  }

  /** What is absent stays. Published versions stay as they are, whatever changes. */
  async update(actor: Actor, id: string, request: UpdateProviderRequest): Promise<ProviderResponse> {
    const { before, after } = await this.database.transaction(() => this.updateInUnit(actor, id, request));
    this.sources.wasChanged(this.kind, before, after);
    return (await this.reader.respond([after]))[0]!;
  }

  private async updateInUnit(
    actor: Actor,
    id: string,
    request: UpdateProviderRequest,
  ): Promise<{ before: ProviderEntity; after: ProviderEntity }> {
    const before = await this.reader.getEntity(id);
    const after: ProviderEntity = {
      ...before,
      name: request.name ?? before.name,
      description: request.description ?? before.description,
      buildOnTag: request.build_on_tag ?? before.buildOnTag,
      ...this.sources.columnsOf(this.kind, id, before, request),
      updatedAt: this.clock.timestamp(),
    };
    if (after.name !== before.name) {
      await this.assertNameMayChange(before);
      await this.assertNameIsFree(after);
    }
    const event = providerEvent(actor.label, 'update', after, { fields: givenFields(request) });
    await this.audit.perform(event, (transaction) => this.providers.update(transaction, id, after));
    return { before, after };
  }

  /** Deletes a provider with all its versions. @throws ConflictError while one of them is being built */
  async delete(actor: Actor, id: string): Promise<void> {
    const provider = await this.database.transaction(async () => {
      const found = await this.reader.getEntity(id);
      if ((await this.builds.countActiveOfProvider(id)) > 0) throw buildActive();
      const event = providerEvent(actor.label, 'delete', found, {
        name: found.name,
        latest_version: found.latestVersion,
      });
      await this.audit.perform(event, (transaction) => this.providers.delete(transaction, id));
      return found;
    });
    this.sources.wasDeleted(this.kind, provider);
  }

  /** The address to register at the Git server; null while there is none. */
  async webhookUrl(id: string): Promise<string | null> {
    return this.sources.webhookUrl(this.kind, await this.reader.getEntity(id));
  }

  /** Makes a webhook address; an earlier one stops working. */
  async renewWebhook(actor: Actor, id: string): Promise<string | null> {
    const provider = await this.reader.getEntity(id);
    const token = this.sources.newWebhook(this.kind, id);
    const event = providerEvent(actor.label, 'webhook', provider, { name: provider.name });
    await this.audit.perform(event, (transaction) => this.providers.update(transaction, id, token));
    return this.sources.webhookUrl(this.kind, { id, ...token });
  }

  private async assertNameMayChange(provider: ProviderEntity): Promise<void> {
    if ((await this.versions.findAll(provider.id)).length === 0) return;
    throw new ConflictError(
      'provider-published',
      'The provider has versions; clients know it by its name, so it stays.',
    );
  }

  /** Inside a unit, so that nobody takes it meanwhile. */
  private async assertNameIsFree(provider: ProviderEntity): Promise<void> {
    const holder = await this.providers.findByName(provider.namespaceId, provider.name);
    if (!holder || holder.id === provider.id) return;
    throw new ConflictError('name-taken', `There is a provider "${holder.name}" in this namespace already.`);
  }
}
