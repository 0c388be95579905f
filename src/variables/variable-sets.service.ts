import { Injectable } from '@nestjs/common';
import { AuditService, type AuditEvent } from '../audit';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { ConflictError, NotFoundError } from '../common/errors';
import type { ListQuery, Page } from '../common/http/pagination';
import { isId, newId } from '../common/ids';
import { Database } from '../database/database';
import { isForeignKeyViolation, isUniqueViolation } from '../database/driver-errors';
import { NamespacesService } from '../namespaces';
import type { StoredVariable } from './domain/variable';
import { assertKeptAreThere, changesBetween } from './domain/variable-changes';
import type { CreateVariableSetRequest, UpdateVariableSetRequest } from './dto/variable-set.request';
import { toVariableSetResponse, type VariableSetResponse } from './dto/variable-set.response';
import type { VariableSetEntity } from './persistence/variable-set.entity';
import { VariableSetRepository } from './persistence/variable-set.repository';
import { toInputs } from './variable-inputs';
import { VariableSealer } from './variable-sealer.service';

/** A set may be for deployments with backends of their own; those whose state the platform keeps pass over that part. */
const BACKEND_OWNER = 'configuration';

/** Sets of variables that all deployments of a namespace get. */
@Injectable()
export class VariableSets {
  constructor(
    private readonly sets: VariableSetRepository,
    private readonly sealer: VariableSealer,
    private readonly namespaces: NamespacesService,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  async list(namespace: string, query: ListQuery): Promise<Page<VariableSetResponse>> {
    const page = await this.sets.findPage(await this.namespaceId(namespace), query.limit, query.cursor);
    const variables = await this.sets.findVariables(page.items.map(({ id }) => id));
    return {
      next: page.next,
      items: page.items.map((set) => toVariableSetResponse(set, variables.get(set.id) ?? [])),
    };
  }

  /** @throws NotFoundError */
  async get(namespace: string, id: string): Promise<VariableSetResponse> {
    const set = await this.getEntity(await this.namespaceId(namespace), id);
    return toVariableSetResponse(set, await this.variablesOf(id));
  }

  /** @throws ConflictError when the name is taken; DomainError (400) for fields */
  async create(actor: Actor, namespace: string, request: CreateVariableSetRequest): Promise<VariableSetResponse> {
    const now = this.clock.timestamp();
    const set: VariableSetEntity = {
      id: newId(),
      namespaceId: await this.namespaceId(namespace),
      name: request.name,
      description: request.description ?? '',
      createdAt: now,
      updatedAt: now,
    };
    const rows = await this.sealer.seal(toInputs(request.variables ?? []), [], BACKEND_OWNER);
    const event = eventOf(actor, 'variable_set.create', set, { name: set.name, ...changesBetween([], rows) });
    await this.refusing(set.name, () =>
      this.audit.perform(event, async (transaction) => {
        await this.sets.insert(transaction, set);
        await this.sets.replaceVariables(transaction, set.id, rows);
      }),
    );
    return toVariableSetResponse(set, rows);
  }

  /** Changes what is given. @throws NotFoundError, ConflictError, DomainError (400) for fields */
  async update(
    actor: Actor,
    namespace: string,
    id: string,
    request: UpdateVariableSetRequest,
  ): Promise<VariableSetResponse> {
    const namespaceId = await this.namespaceId(namespace);
    const { name } = await this.getEntity(namespaceId, id);
    const before = await this.variablesOf(id);
    const rows =
      request.variables === undefined
        ? null
        : await this.sealer.seal(toInputs(request.variables), before, BACKEND_OWNER);
    return this.refusing(request.name ?? name, () =>
      this.database.transaction(async (transaction) => {
        const set = await this.getEntity(namespaceId, id);
        const now = await this.variablesOf(id);
        const changed: VariableSetEntity = {
          ...set,
          name: request.name ?? set.name,
          description: request.description ?? set.description,
          updatedAt: this.clock.timestamp(),
        };
        await this.sets.update(transaction, id, changed);
        if (rows !== null) {
          assertKeptAreThere(before, now, rows);
          await this.sets.replaceVariables(transaction, id, rows);
        }
        const details = { name: changed.name, ...(rows === null ? {} : changesBetween(now, rows)) };
        await this.audit.record(transaction, eventOf(actor, 'variable_set.update', changed, details));
        return toVariableSetResponse(changed, rows ?? now);
      }),
    );
  }

  /** @throws NotFoundError */
  async delete(actor: Actor, namespace: string, id: string): Promise<void> {
    const namespaceId = await this.namespaceId(namespace);
    await this.database.transaction(async (transaction) => {
      const set = await this.getEntity(namespaceId, id);
      await this.sets.delete(transaction, id);
      await this.audit.record(transaction, eventOf(actor, 'variable_set.delete', set, { name: set.name }));
    });
  }

  private async getEntity(namespaceId: string, id: string): Promise<VariableSetEntity> {
    const set = isId(id) ? await this.sets.find(namespaceId, id) : null;
    if (!set) throw new NotFoundError('variable set');
    return set;
  }

  private async variablesOf(id: string): Promise<StoredVariable[]> {
    return (await this.sets.findVariables([id])).get(id) ?? [];
  }

  private async namespaceId(reference: string): Promise<string> {
    const id = await this.namespaces.findId(reference);
    if (id === null) throw new NotFoundError('namespace');
    return id;
  }

  private async refusing<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isUniqueViolation(error)) {
        throw new ConflictError('name-taken', `There is a variable set "${name}" in this namespace already.`);
      }
      throw isForeignKeyViolation(error) ? new NotFoundError('namespace') : error;
    }
  }
}

function eventOf(actor: Actor, action: string, set: VariableSetEntity, details: Record<string, unknown>): AuditEvent {
  return {
    actor: actor.label,
    action,
    targetType: 'variable_set',
    targetId: set.id,
    namespaceId: set.namespaceId,
    details,
  };
}
