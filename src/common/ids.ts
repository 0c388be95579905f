import { randomUUID } from 'node:crypto';

/** A fresh id: UUID v4, made by the application and never by the database. */
export function newId(): string {
  return randomUUID();
}

/** True for text that could be an id, so that nonsense never reaches a query. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}
