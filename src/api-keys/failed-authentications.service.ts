import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/errors';
import { ServerConfig } from '../config/config';

const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;
/** Wrong keys may come far slower than requests do. */
const SHARE_OF_RATE_LIMIT = 6;

/** Slows down whoever tries keys: after too many wrong ones in a minute, further wrong ones get 429. */
@Injectable()
export class FailedAuthentications {
  private windowStart = 0;
  private readonly failures = new Map<string, number>();

  constructor(private readonly config: ServerConfig) {}

  /** @throws DomainError (429) when this address has sent too many wrong keys in the last minute. */
  count(address: string, sent: 'wrong key' | 'no key' = 'wrong key'): void {
    if (this.config.rateLimitPerMinute === 0) return;
    const now = performance.now();
    if (now - this.windowStart > WINDOW_MS || this.failures.size > MAX_ADDRESSES) {
      this.windowStart = now;
      this.failures.clear();
    }
    const failures = (this.failures.get(`${sent} ${address}`) ?? 0) + 1;
    this.failures.set(`${sent} ${address}`, failures);
    const share = sent === 'no key' ? 1 : SHARE_OF_RATE_LIMIT;
    if (failures > Math.ceil(this.config.rateLimitPerMinute / share)) {
      throw new DomainError(
        'too-many-requests',
        'too-many-requests',
        `Too many requests with ${sent === 'no key' ? 'no key' : 'wrong keys'}. Wait a minute.`,
      );
    }
  }
}
