import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Actor } from '../common/access/actor';
import { ScopedTokens } from '../common/access/scoped-tokens';
import { NotFoundError } from '../common/errors';
import { currentRequest } from '../common/http/request-context';
import type { RegistryNamespace } from '../common/registry/registry-answers.service';
import { NamespacesService } from '../namespaces';
import { presentedKey, RequestAuthentication } from './request-authentication.service';

/** Who may read the registry's part of a namespace. */
@Injectable()
export class RegistryAccess {
  constructor(
    private readonly namespaces: NamespacesService,
    private readonly authentication: RequestAuthentication,
    private readonly tokens: ScopedTokens,
  ) {}

  /** By the name in a path, whatever its case: names have lower case alone. */
  async findNamespace(name: string | string[] | undefined): Promise<RegistryNamespace | null> {
    return typeof name === 'string' ? this.namespaces.findForRegistry(name.toLowerCase()) : null;
  }

  /**
   * Lets a request in or not. A public namespace needs no key, and a wrong or expired one does no harm there. A private
   * one answers a request without a valid key with 401, and one of another namespace with 404, as a namespace that does
   * not exist does: so nobody learns which there are.
   * @returns whose request it is; undefined for that of somebody who shows no key that is good
   * @throws DomainError
   */
  async admit(request: Request, namespace: RegistryNamespace | null): Promise<Actor | undefined> {
    if (namespace?.isPublic) return (await this.byToken(request)) ?? (await this.authentication.recognise(request));
    const actor = (await this.byToken(request)) ?? (await this.authentication.authenticate(request));
    const reaches = actor.namespaceId === null || actor.namespaceId === namespace?.id;
    if (namespace === null || !reaches) throw new NotFoundError('namespace');
    return actor;
  }

  private async byToken(request: Request): Promise<Actor | null> {
    const presented = presentedKey(request);
    const actor = presented === null ? null : await this.tokens.verify(presented);
    if (actor?.grant?.for !== 'registry') return null;
    const current = currentRequest();
    if (current) current.keyPrefix = actor.label;
    return actor;
  }
}
