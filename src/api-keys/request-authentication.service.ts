import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Actor } from '../common/access/actor';
import { DomainError } from '../common/errors';
import { currentRequest } from '../common/http/request-context';
import { FailedAuthentications } from './failed-authentications.service';
import { KeyAuthenticator } from './key-authenticator.service';

/** Tells whose request it is. */
@Injectable()
export class RequestAuthentication {
  constructor(
    private readonly authenticator: KeyAuthenticator,
    private readonly failures: FailedAuthentications,
  ) {}

  /**
   * By the key it carries. @throws DomainError (401, or 429 after too many wrong ones)
   * @param presented the key, where it is not in one of the usual headers
   */
  async authenticate(request: Request, presented: string | null = presentedKey(request)): Promise<Actor> {
    if (presented === null) {
      this.failures.count(request.ip ?? 'unknown', 'no key');
      throw unauthenticated('Send an API key as "Authorization: Bearer KEY" or "X-API-Key: KEY".');
    }
    const result = await this.authenticator.authenticate(presented);
    if ('actor' in result) return noted(result.actor);
    // An expired key was a real one: nobody guesses those.
    if (result.refused === 'expired') throw unauthenticated('The API key has expired. Ask an admin for a new one.');
    this.failures.count(request.ip ?? 'unknown');
    throw unauthenticated('The API key is not known.');
  }

  /** The same where no key is needed: a request without one, or with a wrong one, is anybody's. */
  async recognise(request: Request): Promise<Actor | undefined> {
    const presented = presentedKey(request);
    if (presented === null) return undefined;
    const result = await this.authenticator.authenticate(presented);
    return 'actor' in result ? noted(result.actor) : undefined;
  }
}

/** The log names whose request it is. */
function noted(actor: Actor): Actor {
  const current = currentRequest();
  if (current) current.keyPrefix = actor.label;
  return actor;
}

/** What a request presents as its key; null when it presents nothing. */
export function presentedKey(request: Request): string | null {
  const header = request.headers.authorization;
  if (header !== undefined) return /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? '';
  return request.header('x-api-key') ?? null;
}

const unauthenticated = (message: string): DomainError =>
  new DomainError('unauthenticated', 'unauthenticated', message);
