import { ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { AuthenticatedRequest } from '../common/access/access.decorator';
import { DomainError } from '../common/errors';

/** So many requests a minute for each key, or for each address where a request has none. Runs after the access guard. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override getTracker(request: AuthenticatedRequest): Promise<string> {
    return Promise.resolve(request.actor ? `key:${request.actor.keyId}` : `address:${request.ip ?? 'unknown'}`);
  }

  /** One budget for all routes together, not one a route. */
  protected override generateKey(_context: ExecutionContext, tracker: string, name: string): string {
    return `${name}:${tracker}`;
  }

  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.switchToHttp().getRequest<AuthenticatedRequest>().path.startsWith('/health/'));
  }

  protected override throwThrottlingException(): Promise<void> {
    throw new DomainError(
      'too-many-requests',
      'too-many-requests',
      'Too many requests. Wait as long as Retry-After says.',
    );
  }
}
