import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { decodeCursor, type Page, toPage } from '../common/http/pagination';

/** Restricts a query to rows where one of the fields holds the text, whatever the case of its letters. */
export function whereTextMatches<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  fields: string[],
  text: string | undefined,
): void {
  if (text === undefined) return;
  const matches = fields.map((field) => `LOWER(${query.alias}.${field}) LIKE :like ESCAPE '\\'`);
  query.andWhere(`(${matches.join(' OR ')})`, {
    like: `%${text.toLowerCase().replace(/[\\%_]/g, (character) => `\\${character}`)}%`,
  });
}

/** One page of a query over rows with `createdAt` and `id`, newest first. @throws DomainError for a bad cursor */
export async function findNewestFirst<T extends ObjectLiteral & { createdAt: string; id: string }>(
  query: SelectQueryBuilder<T>,
  limit: number,
  cursor: string | undefined,
): Promise<Page<T>> {
  const { alias } = query;
  if (cursor !== undefined) {
    const [createdAt, id] = decodeCursor(cursor, ['string', 'string'] as const);
    query.andWhere(`(${alias}.createdAt < :createdAt OR (${alias}.createdAt = :createdAt AND ${alias}.id < :id))`, {
      createdAt,
      id,
    });
  }
  const rows = await query
    .orderBy(`${alias}.createdAt`, 'DESC')
    .addOrderBy(`${alias}.id`, 'DESC')
    .limit(limit + 1)
    .getMany();
  return toPage(rows, limit, (last) => [last.createdAt, last.id]);
}

/** How many rows of a query each namespace has; a namespace without any is absent. */
export async function countByNamespace<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  namespaceIds: string[],
): Promise<Map<string, number>> {
  const rows: { id: string; count: string | number }[] = await query
    .select(`${query.alias}.namespaceId`, 'id')
    .addSelect('COUNT(*)', 'count')
    .where(`${query.alias}.namespaceId IN (:...namespaceIds)`, { namespaceIds })
    .groupBy(`${query.alias}.namespaceId`)
    .getRawMany();
  return new Map(rows.map(({ id, count }) => [id, Number(count)]));
}
