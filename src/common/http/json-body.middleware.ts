import { json, NextFunction, Request, RequestHandler, Response } from 'express';
import { DomainError } from '../errors';

const MAX_BYTES = 2 ** 20;
const MAX_DEPTH = 32;
const REFUSED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads the JSON bodies of `/api`: 415 for another content type, 413 over 1 MiB, 400 for what is not JSON, is nested
 * deeper than any request needs, or has keys that could reach into an object's prototype.
 */
export function jsonBodyMiddleware(isOtherBody: (request: Request) => boolean): RequestHandler {
  const parse = json({ limit: MAX_BYTES, type: () => true, strict: true });
  return (request: Request, response: Response, next: NextFunction) => {
    if (!hasBody(request) || isOtherBody(request)) return next();
    if (!request.is(['application/json', 'application/*+json'])) {
      return next(
        new DomainError('unsupported-media-type', 'unsupported-media-type', 'Send the body as application/json.'),
      );
    }
    parse(request, response, (error?: unknown) => {
      if (error) return next(bodyFault(error));
      next(
        isAcceptable(request.body, 0)
          ? undefined
          : new DomainError(
              'invalid',
              'malformed-json',
              'The body is nested too deeply or has a key that is not allowed.',
            ),
      );
    });
  };
}

/** An error of the parser as one of ours: of its own ones the framework keeps nothing but the status. */
function bodyFault(error: unknown): unknown {
  switch ((error as { type?: unknown }).type) {
    case 'entity.too.large':
      return new DomainError('too-large', 'body-too-large', 'The body is too large; JSON bodies may have 1 MiB.');
    case 'entity.parse.failed':
      return new DomainError('invalid', 'malformed-json', 'The body is not valid JSON.');
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return new DomainError(
        'unsupported-media-type',
        'unsupported-media-type',
        'The encoding of the body is not supported.',
      );
    default:
      return error;
  }
}

function hasBody(request: Request): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function isAcceptable(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  return Object.entries(value).every(([key, inner]) => !REFUSED_KEYS.has(key) && isAcceptable(inner, depth + 1));
}
