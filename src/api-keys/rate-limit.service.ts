import { Inject, Injectable } from '@nestjs/common';
import { getStorageToken, type ThrottlerStorage } from '@nestjs/throttler';
import type { Request } from 'express';
import type { Actor } from '../common/access/actor';
import { ServerConfig } from '../config/config';

export const RATE_LIMIT_WINDOW_MS = 60_000;
/** The name `default` is what gives the headers their plain names, such as `Retry-After`. */
export const THROTTLER_NAME = 'default';

/** What clients ask for without a key, even where they have one: discovery, and files by signed links. */
const KEYLESS = /^\/(?:v1\/artifacts\/|\.well-known\/)/;
/** A whole company may be behind one address, and an `init` asks for many files. */
const KEYLESS_FACTOR = 10;

export interface Budget {
  name: string;
  /** Requests in a window. */
  limit: number;
}

/**
 * One budget for all routes together: that of a key, or of an address where a request has no key. What no client sends
 * a key with has a larger one of its own for each address.
 * @param limit of a key in a window
 */
export function budgetOf(request: Request, actor: Actor | undefined, limit: number): Budget {
  if (actor) return { name: `${THROTTLER_NAME}:key:${actor.keyId}`, limit };
  const address = request.ip ?? 'unknown';
  if (KEYLESS.test(request.path)) {
    return { name: `${THROTTLER_NAME}:keyless:${address}`, limit: limit * KEYLESS_FACTOR };
  }
  return { name: `${THROTTLER_NAME}:address:${address}`, limit };
}

/** Counts requests that are answered before the guards of a route. */
@Injectable()
export class RateLimit {
  constructor(
    @Inject(getStorageToken()) private readonly storage: ThrottlerStorage,
    private readonly config: ServerConfig,
  ) {}

  get isOff(): boolean {
    return this.config.rateLimitPerMinute === 0;
  }

  /** Counts one request. False: it is one too many. */
  async count(request: Request, actor: Actor | undefined): Promise<boolean> {
    if (this.isOff) return true;
    const { name, limit } = budgetOf(request, actor, this.config.rateLimitPerMinute);
    const { isBlocked } = await this.storage.increment(
      name,
      RATE_LIMIT_WINDOW_MS,
      limit,
      RATE_LIMIT_WINDOW_MS,
      THROTTLER_NAME,
    );
    return !isBlocked;
  }
}
