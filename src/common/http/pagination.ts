import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { Request, Response } from 'express';
import { DomainError } from '../errors';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 200;

/** A whole number in a query, or the text as it came so that validation refuses it. */
export const QueryInteger = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value,
  );

/** What every list takes. */
export class ListQuery {
  @ApiPropertyOptional({
    description: 'How many to give at most',
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
  })
  @IsOptional()
  @QueryInteger()
  @IsInt({ message: 'must be a whole number' })
  @Min(1)
  @Max(MAX_LIMIT)
  limit: number = DEFAULT_LIMIT;

  @ApiPropertyOptional({
    description: 'Where to go on: as the `Link` header of the page before gave it',
    type: 'string',
  })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  cursor?: string;
}

/** One page of a list, and where the next one begins. */
export interface Page<T> {
  items: T[];
  /** Null on the last page. */
  next: string | null;
}

/** Packs a position in a list into an opaque word. */
export function encodeCursor(position: (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** @throws DomainError (400) for what `encodeCursor` did not make. */
export function decodeCursor<T extends readonly ('string' | 'number')[]>(
  cursor: string,
  shape: T,
): { [Index in keyof T]: T[Index] extends 'string' ? string : number } {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (
      Array.isArray(position) &&
      position.length === shape.length &&
      shape.every((type, place) => typeof position[place] === type)
    ) {
      return position as { [Index in keyof T]: T[Index] extends 'string' ? string : number };
    }
  } catch {
    // Not ours: answered below like any other text that is no cursor.
  }
  throw new DomainError('invalid', 'validation-failed', 'The cursor is not one this list gave.', [
    { field: 'cursor', message: 'is not one this list gave' },
  ]);
}

/** Cuts the page out of `limit + 1` rows: the row too many says that there is more. */
export function toPage<T>(rows: T[], limit: number, positionOf: (last: T) => (string | number)[]): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null };
}

/**
 * Cuts a page out of a whole list that is in memory, in its order.
 * @param keyOf what names an item; the cursor holds it
 * @param isBehind true for items that come after the one of that key, which may be gone
 */
export function cutPage<T>(
  items: T[],
  { limit, cursor }: Pick<ListQuery, 'limit' | 'cursor'>,
  keyOf: (item: T) => string,
  isBehind: (item: T, key: string) => boolean,
): Page<T> {
  const key = cursor === undefined ? null : decodeCursor(cursor, ['string'] as const)[0];
  const rest = key === null ? items : items.filter((item) => isBehind(item, key));
  return toPage(rest.slice(0, limit + 1), limit, (last) => [keyOf(last)]);
}

/** The same for things that are listed newest first. */
export function cutNewestFirst<T extends { id: string; createdAt: string }>(
  items: T[],
  query: Pick<ListQuery, 'limit' | 'cursor'>,
): Page<T> {
  const keyOf = ({ createdAt, id }: T): string => `${createdAt} ${id}`;
  const sorted = items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
  return cutPage(sorted, query, keyOf, (item, key) => keyOf(item) < key);
}

/** Sets `Link: <…>; rel="next"` and returns the items. */
export function sendPage<T>(request: Request, response: Response, page: Page<T>): T[] {
  if (page.next !== null) {
    const url = new URL(request.originalUrl, 'http://host');
    url.searchParams.set('cursor', page.next);
    response.setHeader('Link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  return page.items;
}

/** Documents a list route. */
export function ApiPage(type: new () => object): MethodDecorator {
  return applyDecorators(
    ApiOkResponse({
      type: [type],
      headers: { Link: { description: '`<…>; rel="next"` when there is more', schema: { type: 'string' } } },
    }),
    ApiHeader({ name: 'X-Request-Id', required: false, description: 'Taken over when well formed' }),
  );
}
