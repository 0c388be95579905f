import { CallHandler, ExecutionContext, Injectable, NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import { MetricsService } from './metrics.service';

/** Measures every request that reaches a route. */
@Injectable()
export class MetricsInterceptor implements NestInterceptor {
  constructor(private readonly metrics: MetricsService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Omit<Request, 'route'> & { route?: { path?: string } }>();
    const response = context.switchToHttp().getResponse<Response>();
    const startedAt = performance.now();
    response.once('close', () => {
      const seconds = (performance.now() - startedAt) / 1000;
      this.metrics.observeRequest(request.method, request.route?.path ?? 'unknown', response.statusCode, seconds);
    });
    return next.handle();
  }
}
