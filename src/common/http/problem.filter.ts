import { ArgumentsHost, Catch, ExceptionFilter, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { DomainError } from '../errors';
import { Problem, problemOf } from './problem';
import { currentRequest } from './request-context';

const RETRY_AFTER_SECONDS: Record<number, number> = { 429: 60, 503: 5 };

/** Answers every error of every route: `application/problem+json` on `/api`, the shape Terraform prints on `/v1`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const requestId = currentRequest()?.requestId ?? String(response.getHeader('X-Request-Id') ?? '');
    const problem = problemOf(error, requestId);
    this.log(error, problem, requestId);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.status === 401) {
      const isState = request.path.startsWith('/v1/state/');
      response.setHeader('WWW-Authenticate', isState ? 'Basic realm="Plomada"' : 'Bearer');
    }
    if (RETRY_AFTER_SECONDS[problem.status] !== undefined && !response.hasHeader('Retry-After')) {
      response.setHeader('Retry-After', String(RETRY_AFTER_SECONDS[problem.status]));
    }
    response.status(problem.status);
    if (request.path.startsWith('/v1/')) response.type('application/json').send(JSON.stringify(registryError(problem)));
    else response.type('application/problem+json').send(JSON.stringify(problem));
  }

  private log(error: unknown, problem: Problem, requestId: string): void {
    if (problem.status === 500) {
      this.logger.error(
        { event: 'internal_error', request_id: requestId },
        error instanceof Error ? error.stack : String(error),
      );
    } else if (problem.status > 500) {
      this.logger.warn({
        event: 'request_unavailable',
        request_id: requestId,
        code: error instanceof DomainError ? error.code : problem.type,
      });
    }
  }
}

/** What terraform and tofu print of an error. */
function registryError(problem: Problem): { errors: string[] } {
  return { errors: [problem.detail, ...(problem.errors ?? []).map(({ field, message }) => `${field}: ${message}`)] };
}
