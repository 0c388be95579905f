import { ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { AuthenticatedRequest } from '../common/access/access.decorator';
import { DomainError } from '../common/errors';
import { budgetOf } from './rate-limit.service';

/** So many requests a minute for each key, or for each address where a request has none. Runs after the access guard. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override getTracker(request: AuthenticatedRequest): Promise<string> {
    return Promise.resolve(budgetOf(request, request.actor));
  }

  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
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
