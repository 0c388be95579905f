import { ApiExtension, getSchemaPath } from '@nestjs/swagger';
import { PROBLEM_BASE, problemTitle } from './problem';
import { ProblemResponse } from './problem.response';

const DESCRIPTIONS: Record<number, string> = {
  400: 'A field, a filter or the body is not valid',
  401: 'The key is missing, unknown, malformed or expired',
  403: 'The key may not do this',
  404: 'There is no such thing, or the key may not know of it',
  409: 'Not possible in the present state',
  413: 'The body is too large',
  415: 'The content type is not supported',
  416: 'The range is not within the log',
  422: 'Understood, but it cannot be carried out',
  429: 'Too many requests; wait as long as `Retry-After` says',
  503: 'Not available at the moment; try again after `Retry-After`',
};

/** Where `ApiProblems` leaves its statuses for `openapi/document.ts`, which takes them out again. */
export const PROBLEMS_EXTENSION = 'x-problems';

/**
 * Documents error answers besides those of every route. It is an extension and not a response, since a declared
 * response would keep Swagger from describing the successful one.
 */
export function ApiProblems(...statuses: number[]): MethodDecorator {
  return ApiExtension(PROBLEMS_EXTENSION, statuses);
}

/** A code each status may come with, for the examples. */
const CODES: Record<number, string> = {
  400: 'validation-failed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'name-taken',
  413: 'body-too-large',
  415: 'unsupported-media-type',
  416: 'range-not-satisfiable',
  422: 'git-repository-not-found',
  429: 'too-many-requests',
  503: 'database-busy',
};

/** Description, schema and example of an error answer. */
export function problemContent(status: number): {
  description: string;
  content: Record<string, { schema: { $ref: string }; example: object }>;
} {
  const description = DESCRIPTIONS[status] ?? 'Error';
  const example = {
    type: `${PROBLEM_BASE}${CODES[status] ?? 'error'}`,
    title: problemTitle(status),
    status,
    detail: `${description}.`,
    instance: 'urn:request:5b3b0c0e-6e0e-4b7a-9a53-0d9a1c7f2f10',
    ...(status === 400 ? { errors: [{ field: 'git_url', message: 'must be a Git URL' }] } : {}),
  };
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemResponse) }, example } },
  };
}
