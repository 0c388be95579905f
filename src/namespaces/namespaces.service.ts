import { Injectable, OnModuleInit } from '@nestjs/common';
import { AuditService } from '../audit';
import { AccessScopes } from '../common/access/access-scopes';
import type { Actor } from '../common/access/actor';
import { RevokedKeys } from '../common/access/revoked-keys';
import { Clock } from '../common/clock';
import { ConflictError, InvalidFieldError, NotFoundError } from '../common/errors';
import type { ListQuery, Page } from '../common/http/pagination';
import { isId, newId } from '../common/ids';
import { RegistryAnswers, type RegistryNamespace } from '../common/registry/registry-answers.service';
import { Database } from '../database/database';
import { isForeignKeyViolation, isUniqueViolation } from '../database/driver-errors';
import type { CreateNamespaceRequest } from './dto/create-namespace.request';
import { NamespaceResponse, toNamespaceResponse } from './dto/namespace.response';
import type { UpdateNamespaceRequest } from './dto/update-namespace.request';
import { canHoldProviders, DEFAULT_NAMESPACE, NAMESPACE_NAME } from './domain/namespace-name';
import { NamespaceContents } from './namespace-contents';
import type { NamespaceEntity } from './persistence/namespace.entity';
import { NamespaceRepository } from './persistence/namespace.repository';

@Injectable()
export class NamespacesService implements OnModuleInit {
  constructor(
    private readonly namespaces: NamespaceRepository,
    private readonly contents: NamespaceContents,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    private readonly scopes: AccessScopes,
    private readonly answers: RegistryAnswers,
    private readonly revokedKeys: RevokedKeys,
  ) {}

  async onModuleInit(): Promise<void> {
    this.scopes.register('namespace', async (reference) => (await this.find(reference))?.id ?? null);
    await this.makeDefault();
  }

  /** What the key may see, newest first. */
  async list(actor: Actor, query: ListQuery): Promise<Page<NamespaceResponse>> {
    const page = await this.namespaces.findPage(actor.namespaceId, query.limit, query.cursor);
    const counts = await this.contents.count(page.items.map(({ id }) => id));
    return { next: page.next, items: page.items.map((item) => toNamespaceResponse(item, counts.get(item.id))) };
  }

  /** By id or name. @throws NotFoundError */
  async get(reference: string): Promise<NamespaceResponse> {
    return this.respond(await this.getEntity(reference));
  }

  /** @throws ConflictError when the name is taken. */
  async create(actor: Actor, request: CreateNamespaceRequest): Promise<NamespaceResponse> {
    const now = this.clock.timestamp();
    const namespace: NamespaceEntity = {
      id: newId(),
      name: request.name,
      description: request.description ?? '',
      isPublic: request.is_public ?? false,
      createdAt: now,
      updatedAt: now,
    };
    await this.refusingTakenName(request.name, () =>
      this.audit.perform(
        {
          actor: actor.label,
          action: 'namespace.create',
          targetType: 'namespace',
          targetId: namespace.id,
          namespaceId: namespace.id,
          details: { name: namespace.name },
        },
        (transaction) => this.namespaces.insert(transaction, namespace),
      ),
    );
    return this.respond(namespace);
  }

  /** @throws ConflictError for a new name that is taken, or once there is published content under the old one. */
  async update(actor: Actor, reference: string, request: UpdateNamespaceRequest): Promise<NamespaceResponse> {
    // Read and written as one unit: a change made meanwhile must not be undone.
    const changed = await this.database.transaction(() => this.updateInUnit(actor, reference, request));
    this.answers.forget(changed.id);
    return changed;
  }

  private async updateInUnit(
    actor: Actor,
    reference: string,
    request: UpdateNamespaceRequest,
  ): Promise<NamespaceResponse> {
    const namespace = await this.getEntity(reference);
    const isRenamed = request.name !== undefined && request.name !== namespace.name;
    const counts = (await this.contents.count([namespace.id])).get(namespace.id);
    if (isRenamed && ((counts?.module ?? 0) > 0 || (counts?.provider ?? 0) > 0)) {
      throw new ConflictError(
        'namespace-in-use',
        'The namespace has published content; clients know it by its name, so the name stays.',
      );
    }
    const changed: NamespaceEntity = {
      ...namespace,
      name: request.name ?? namespace.name,
      description: request.description ?? namespace.description,
      isPublic: request.is_public ?? namespace.isPublic,
      updatedAt: this.clock.timestamp(),
    };
    await this.refusingTakenName(changed.name, () =>
      this.audit.perform(
        {
          actor: actor.label,
          action: 'namespace.update',
          targetType: 'namespace',
          targetId: namespace.id,
          namespaceId: namespace.id,
          details: { ...request },
        },
        (transaction) => this.namespaces.update(transaction, namespace.id, changed),
      ),
    );
    return toNamespaceResponse(changed, counts);
  }

  /** @throws ConflictError while it holds anything. Its keys go with it. */
  async delete(actor: Actor, reference: string): Promise<void> {
    const id = await this.database.transaction(() => this.deleteInUnit(actor, reference));
    this.revokedKeys.revokedWithNamespace.next(id);
    this.answers.forget(id);
  }

  private async deleteInUnit(actor: Actor, reference: string): Promise<string> {
    const namespace = await this.getEntity(reference);
    const counts = (await this.contents.count([namespace.id])).get(namespace.id);
    const held = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
    if (held.length > 0) {
      const list = held.map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`).join(', ');
      throw new ConflictError('namespace-in-use', `The namespace still has ${list}. Delete them first.`);
    }
    try {
      await this.audit.perform(
        {
          actor: actor.label,
          action: 'namespace.delete',
          targetType: 'namespace',
          targetId: namespace.id,
          namespaceId: namespace.id,
          details: { name: namespace.name },
        },
        (transaction) => this.namespaces.delete(transaction, namespace.id),
      );
      return namespace.id;
    } catch (error) {
      if (isForeignKeyViolation(error)) {
        throw new ConflictError('namespace-in-use', 'Something was made in the namespace just now. Delete it first.');
      }
      throw error;
    }
  }

  /** The id of the namespace that an id or a name names; null when there is none. */
  async findId(reference: string): Promise<string | null> {
    return (await this.find(reference))?.id ?? null;
  }

  /**
   * The namespace a list is of: the key's own, or the one a platform key asks for; null for all.
   * @throws NotFoundError for one that does not exist or is not the key's
   */
  async filterFor(actor: Actor, reference: string | undefined): Promise<string | null> {
    if (reference === undefined) return actor.namespaceId;
    const id = await this.findId(reference);
    if (id === null || (actor.namespaceId !== null && actor.namespaceId !== id)) throw new NotFoundError('namespace');
    return id;
  }

  /** What the registry must know of the namespace of this name; null when there is none. */
  async findForRegistry(name: string): Promise<RegistryNamespace | null> {
    const namespace = NAMESPACE_NAME.test(name) ? await this.namespaces.findByName(name) : null;
    return namespace && { id: namespace.id, isPublic: namespace.isPublic };
  }

  /** @throws InvalidFieldError when clients would refuse providers of this namespace */
  async assertCanHoldProviders(id: string, field: string): Promise<void> {
    const name = (await this.namespaces.findNames([id])).get(id) ?? '';
    if (canHoldProviders(name)) return;
    throw new InvalidFieldError(
      field,
      `clients refuse providers in a namespace with _ or -- in its name ("${name}"): it can hold modules alone`,
    );
  }

  /** Names by id, for answers of other rooms. */
  findNames(ids: string[]): Promise<Map<string, string>> {
    return ids.length === 0 ? Promise.resolve(new Map<string, string>()) : this.namespaces.findNames([...new Set(ids)]);
  }

  private async find(reference: string): Promise<NamespaceEntity | null> {
    if (reference.length > 64) return null;
    // A name may look like an id.
    const byId = isId(reference) ? await this.namespaces.findById(reference) : null;
    return byId ?? this.namespaces.findByName(reference);
  }

  private async getEntity(reference: string): Promise<NamespaceEntity> {
    const namespace = await this.find(reference);
    if (!namespace) throw new NotFoundError('namespace');
    return namespace;
  }

  private async respond(namespace: NamespaceEntity): Promise<NamespaceResponse> {
    return toNamespaceResponse(namespace, (await this.contents.count([namespace.id])).get(namespace.id));
  }

  private async makeDefault(): Promise<void> {
    const page = await this.namespaces.findPage(null, 1);
    if (page.items.length > 0) return;
    const now = this.clock.timestamp();
    await this.database.transaction((transaction) =>
      this.namespaces.insert(transaction, {
        id: newId(),
        name: DEFAULT_NAMESPACE,
        description: 'Made at the first start.',
        isPublic: true,
        createdAt: now,
        updatedAt: now,
      }),
    );
  }

  private async refusingTakenName(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isUniqueViolation(error)) throw new ConflictError('name-taken', `There is a namespace "${name}" already.`);
      throw error;
    }
  }
}
