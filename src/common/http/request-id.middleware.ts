import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { RequestContext, runWithRequestContext } from './request-context';

const WELL_FORMED = /^[A-Za-z0-9._:-]{1,128}$/;
/** The token of a webhook is a part of its path. */
const SECRET_PART = /^(\/api\/hooks\/git\/).+$/i;
const logger = new Logger('Http');

/** Gives each request an id (the caller's, when well formed), answers with it, and logs one line at the end. */
export function requestIdMiddleware(): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.header('x-request-id');
    const context: RequestContext = { requestId: given && WELL_FORMED.test(given) ? given : randomUUID() };
    response.setHeader('X-Request-Id', context.requestId);
    const startedAt = process.hrtime.bigint();
    response.once('close', () => {
      // The path alone: a query could hold what a caller should not have put there.
      const path = (request.originalUrl.split('?', 1)[0] ?? '').replace(SECRET_PART, '$1…');
      if (path.startsWith('/health/')) return;
      logger.log({
        event: 'request',
        request_id: context.requestId,
        method: request.method,
        path,
        status: response.statusCode,
        duration_ms: Math.round(Number(process.hrtime.bigint() - startedAt) / 1e5) / 10,
        ...(context.keyPrefix ? { key: context.keyPrefix } : {}),
        ...(response.writableFinished ? {} : { aborted: true }),
      });
    });
    runWithRequestContext(context, next);
  };
}
