import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
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

/** Documents error answers. 401, 403 and 429 are added to every route by `document.ts`. */
export function ApiProblems(...statuses: number[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemResponse),
    ...statuses.map((status) => ApiResponse({ status, ...problemContent(status) })),
  );
}

/** Description and schema of an error answer. */
export function problemContent(status: number): {
  description: string;
  content: Record<string, { schema: { $ref: string } }>;
} {
  return {
    description: DESCRIPTIONS[status] ?? 'Error',
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemResponse) } } },
  };
}
