import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { AccessScopes } from '../common/access/access-scopes';
import { type Actor, permits } from '../common/access/actor';
import { ScopedTokens } from '../common/access/scoped-tokens';
import { DomainError, NotFoundError } from '../common/errors';
import { currentRequest } from '../common/http/request-context';
import { presentedKey, RequestAuthentication } from './request-authentication.service';

/**
 * Who may work with the states of a deployment: the tool of a run, with a token of its own for the phase it is in; or
 * whoever has a key with `write` on the namespace. The tool knows Basic credentials alone, so a key travels as the
 * password; the user name does not matter.
 */
@Injectable()
export class StateAccess {
  constructor(
    private readonly tokens: ScopedTokens,
    private readonly authentication: RequestAuthentication,
    private readonly scopes: AccessScopes,
  ) {}

  /** @throws DomainError */
  async admit(request: Request, deploymentId: string | string[] | undefined): Promise<Actor> {
    const presented = basicPassword(request) ?? presentedKey(request);
    const byToken = presented === null ? null : await this.tokens.verify(presented);
    if (byToken?.grant?.for === 'state') {
      if (byToken.grant.deploymentId !== deploymentId) throw new NotFoundError('deployment');
      const current = currentRequest();
      if (current) current.keyPrefix = byToken.label;
      return byToken;
    }
    const actor = await this.authentication.authenticate(request, presented);
    const namespaceId =
      typeof deploymentId === 'string' ? await this.scopes.namespaceOf('deployment', deploymentId) : null;
    const reaches = actor.namespaceId === null || actor.namespaceId === namespaceId;
    if (namespaceId === null || !reaches) throw new NotFoundError('deployment');
    if (!permits(actor.permissions, 'write')) {
      throw new DomainError(
        'forbidden',
        'forbidden',
        `This needs a key with write permission; yours has ${actor.permissions}.`,
      );
    }
    return actor;
  }
}

function basicPassword(request: Request): string | null {
  const encoded = /^Basic +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? '' : decoded.slice(colon + 1);
}
