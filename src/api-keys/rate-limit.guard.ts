import { ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import type { AuthenticatedRequest } from '../common/access/access.decorator';
import { DomainError } from '../common/errors';
import { budgetOf } from './rate-limit.service';

/** So many requests a minute for each key, or for each address where a request has none. Runs after the access guard. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override getTracker(request: AuthenticatedRequest): Promise<string> {
    return Promise.resolve(budgetOf(request, request.actor, 0).name);
  }

  protected override handleRequest(asked: ThrottlerRequest): Promise<boolean> {
    const request = asked.context.switchToHttp().getRequest<AuthenticatedRequest>();
    return super.handleRequest({ ...asked, limit: budgetOf(request, request.actor, asked.limit).limit });
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
