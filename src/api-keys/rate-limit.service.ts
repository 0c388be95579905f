import { Inject, Injectable } from '@nestjs/common';
import { getStorageToken, type ThrottlerStorage } from '@nestjs/throttler';
import type { Request } from 'express';
import type { Actor } from '../common/access/actor';
import { ServerConfig } from '../config/config';

export const RATE_LIMIT_WINDOW_MS = 60_000;
/** The name `default` is what gives the headers their plain names, such as `Retry-After`. */
export const THROTTLER_NAME = 'default';

/** One budget for all routes together: that of a key, or of an address where a request has no key. */
export function budgetOf(request: Request, actor: Actor | undefined): string {
  return `${THROTTLER_NAME}:${actor ? `key:${actor.keyId}` : `address:${request.ip ?? 'unknown'}`}`;
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
    const limit = this.config.rateLimitPerMinute;
    const budget = budgetOf(request, actor);
    const { isBlocked } = await this.storage.increment(
      budget,
      RATE_LIMIT_WINDOW_MS,
      limit,
      RATE_LIMIT_WINDOW_MS,
      THROTTLER_NAME,
    );
    return !isBlocked;
  }
}
