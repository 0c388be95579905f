import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  ACCESS_RULE,
  AccessRule,
  AccessScope,
  AuthenticatedRequest,
  KeyedRule,
} from '../common/access/access.decorator';
import { AccessScopes } from '../common/access/access-scopes';
import { Actor, permits } from '../common/access/actor';
import { DomainError, NotFoundError } from '../common/errors';
import { RegistryAccess } from './registry-access.service';
import { StateAccess } from './state-access.service';
import { RequestAuthentication } from './request-authentication.service';

/**
 * Decides every request of every route. A route without a rule is refused: forgetting to classify one opens nothing.
 * Order: who are you (401), does the thing exist for you (404), may you do this (403).
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: RequestAuthentication,
    private readonly registry: RegistryAccess,
    private readonly states: StateAccess,
    private readonly scopes: AccessScopes,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(ACCESS_RULE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (rule === undefined) throw forbidden('This route is open to nobody.');
    if (rule === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (rule.scope.in === 'registry') {
      const name = request.params[rule.scope.name];
      request.actor = await this.registry.admit(request, await this.registry.findNamespace(name));
      return true;
    }
    if (rule.scope.in === 'state') {
      request.actor = await this.states.admit(request, request.params[rule.scope.name]);
      return true;
    }
    const actor = await this.authentication.authenticate(request);
    request.actor = actor;
    await this.authorise(actor, rule, request);
    return true;
  }

  private async authorise(actor: Actor, rule: KeyedRule, request: AuthenticatedRequest): Promise<void> {
    if (rule.scope.in === 'platform') {
      if (actor.namespaceId !== null) throw forbidden('This needs a platform key; yours belongs to a namespace.');
    } else if (rule.scope.in === 'param' || rule.scope.in === 'body') {
      await this.assertReach(actor, rule.scope, request);
    }
    if (!permits(actor.permissions, rule.permission)) {
      throw forbidden(`This needs a key with ${rule.permission} permission; yours has ${actor.permissions}.`);
    }
  }

  /** A thing of another namespace is answered like one that does not exist. */
  private async assertReach(
    actor: Actor,
    scope: Extract<AccessScope, { kind: string }>,
    request: AuthenticatedRequest,
  ): Promise<void> {
    const reference = scope.in === 'param' ? request.params[scope.name] : bodyField(request, scope.name);
    // A body without the field is for the validation to refuse.
    if (typeof reference !== 'string') {
      if (scope.in === 'param') throw new NotFoundError(scope.kind);
      return;
    }
    const namespaceId = await this.scopes.namespaceOf(scope.kind, reference);
    if (namespaceId === null || (actor.namespaceId !== null && actor.namespaceId !== namespaceId)) {
      throw new NotFoundError(scope.kind);
    }
  }
}

function bodyField(request: AuthenticatedRequest, name: string): unknown {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}

const forbidden = (message: string): DomainError => new DomainError('forbidden', 'forbidden', message);
