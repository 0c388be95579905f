import { HttpException } from '@nestjs/common';
import { SecretUnreadableError } from '../../crypto/secret-box';
import { DomainError, ErrorKind, FieldError } from '../errors';

/** An error answer as RFC 9457 wants it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: FieldError[];
}

const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'unsupported-media-type': 415,
  range: 416,
  unprocessable: 422,
  'too-many-requests': 429,
  unavailable: 503,
  'insufficient-storage': 507,
};

const TITLE: Record<number, string> = {
  400: 'The request is not valid',
  401: 'Authentication is needed',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'The request took too long',
  409: 'Conflict with the present state',
  413: 'Too large',
  415: 'Unsupported content type',
  416: 'The range is not within the log',
  422: 'The request cannot be carried out',
  429: 'Too many requests',
  431: 'Request header fields too large',
  500: 'Internal error',
  503: 'Not available at the moment',
  507: 'No space left',
};

/** The constant title of a status. */
export function problemTitle(status: number): string {
  return TITLE[status] ?? TITLE[500]!;
}

/** Where the codes are explained. */
export const PROBLEM_BASE = '/problems/';

/** Any error as a problem. What is not known to be fit for a caller becomes a bare 500. */
export function problemOf(error: unknown, requestId: string): Problem {
  const instance = `urn:request:${requestId}`;
  const make = (status: number, code: string, detail: string, errors?: FieldError[]): Problem => ({
    type: `${PROBLEM_BASE}${code}`,
    title: problemTitle(status),
    status,
    detail,
    instance,
    ...(errors ? { errors } : {}),
  });
  if (error instanceof DomainError) return make(STATUS[error.kind], error.code, error.message, error.fields);
  if (error instanceof SecretUnreadableError) return make(409, 'secret-unreadable', error.message);
  const { status, code, detail } = frameworkProblem(error);
  return make(status, code, detail);
}

function frameworkProblem(error: unknown): { status: number; code: string; detail: string } {
  const internal = {
    status: 500,
    code: 'internal-error',
    detail: 'The server made a mistake. The log has it under this request id.',
  };
  if (error instanceof HttpException) {
    const status = error.getStatus();
    if (status === 404) return { status, code: 'no-route', detail: 'There is no such route.' };
    if (status === 429)
      return { status, code: 'too-many-requests', detail: 'Too many requests. Wait as long as Retry-After says.' };
    if (status < 500) return { status, code: 'bad-request', detail: TITLE[status] ?? 'The request is not valid.' };
    return internal;
  }
  // Errors of the body parsers carry a `type` and a `status`; their messages may repeat parts of the body.
  const { type, status } = (typeof error === 'object' && error !== null ? error : {}) as {
    type?: unknown;
    status?: unknown;
  };
  switch (type) {
    case 'entity.too.large':
      return { status: 413, code: 'body-too-large', detail: 'The body is too large; JSON bodies may have 1 MiB.' };
    case 'entity.parse.failed':
      return { status: 400, code: 'malformed-json', detail: 'The body is not valid JSON.' };
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return { status: 415, code: 'unsupported-media-type', detail: 'The encoding of the body is not supported.' };
    case 'request.aborted':
    case 'request.size.invalid':
      return { status: 400, code: 'bad-request', detail: 'The body ended before its announced length.' };
    default:
      if (error instanceof URIError || status === 400) {
        return { status: 400, code: 'bad-request', detail: 'The URL or the headers are malformed.' };
      }
      return internal;
  }
}
