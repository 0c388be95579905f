import { applyDecorators, createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Actor, Permission } from './actor';

/** Where a route finds the namespace it works in. */
export type AccessScope =
  /** The platform as a whole: platform keys alone. */
  | { in: 'platform' }
  /** The registry's part of the namespace that a path parameter names: open to all where it is public. */
  | { in: 'registry'; name: string }
  /** The states of the deployment that a path parameter names, with the credentials of the tool's HTTP backend. */
  | { in: 'state'; name: string }
  /** Any key; the service answers with what the key may see. */
  | { in: 'any' }
  /** The namespace of the thing that a path parameter or body field names; `kind` is registered with `AccessScopes`. */
  | { in: 'param' | 'body'; kind: string; name: string };

export type AccessRule = 'public' | { permission: Permission; scope: AccessScope };
export type KeyedRule = Exclude<AccessRule, 'public'>;

export const ACCESS_RULE = 'plomada:access';
/** In the OpenAPI document: who may call a route. */
export const ACCESS_EXTENSION = 'x-plomada-access';

const SCOPE_NAMES = {
  platform: 'platform key',
  any: 'any key',
  registry: 'namespace of the path; none where it is public',
  state: 'namespace of the deployment, as Basic password',
} as const;

/** A request after the access guard. */
export interface AuthenticatedRequest extends Request {
  actor?: Actor;
}

/** The route needs no key. */
export function Public(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(ACCESS_RULE, 'public' satisfies AccessRule),
    ApiExtension(ACCESS_EXTENSION, 'public'),
  );
}

/** The route needs a key with `permission` in `scope`. A route with neither this nor `Public` is refused to everybody. */
export function Access(permission: Permission, scope: AccessScope): MethodDecorator {
  const where = scope.in === 'param' || scope.in === 'body' ? `namespace of the ${scope.kind}` : SCOPE_NAMES[scope.in];
  return applyDecorators(
    SetMetadata(ACCESS_RULE, { permission, scope } satisfies AccessRule),
    ApiBearerAuth(),
    ApiExtension(ACCESS_EXTENSION, `${permission}, ${where}`),
  );
}

/** The namespace of the thing that a path parameter names. */
export function ofParam(kind: string, name = 'id'): AccessScope {
  return { in: 'param', kind, name };
}

/** The namespace of the thing that a body field names. */
export function ofBody(kind: string, name: string): AccessScope {
  return { in: 'body', kind, name };
}

/** The registry's part of the namespace that a path parameter names. */
export function ofRegistry(name = 'namespace'): AccessScope {
  return { in: 'registry', name };
}

/** The states of the deployment that a path parameter names. */
export function ofState(name: string): AccessScope {
  return { in: 'state', name };
}

export const PLATFORM: AccessScope = { in: 'platform' };
export const ANY_KEY: AccessScope = { in: 'any' };

/** The key that makes the request. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const { actor } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!actor) throw new Error('CurrentActor was used on a public route.');
  return actor;
});
