import type { ColumnOptions, ValueTransformer } from 'typeorm';

/**
 * Column types that mean the same in SQLite and in Postgres. Times are RFC 3339 text in UTC with milliseconds, set by
 * the application: both databases sort them correctly and neither shifts them by a time zone.
 */
export const ID = { type: 'varchar', length: '36' } as const satisfies ColumnOptions;
export const TIME = { type: 'varchar', length: '24' } as const satisfies ColumnOptions;
export const OPTIONAL_TIME = { ...TIME, nullable: true } as const satisfies ColumnOptions;
export const OPTIONAL_ID = { ...ID, nullable: true } as const satisfies ColumnOptions;
export const TEXT = { type: 'text' } as const satisfies ColumnOptions;
export const OPTIONAL_TEXT = { type: 'text', nullable: true } as const satisfies ColumnOptions;
export const INTEGER = { type: 'integer' } as const satisfies ColumnOptions;
export const OPTIONAL_INTEGER = { type: 'integer', nullable: true } as const satisfies ColumnOptions;
export const BLOB = { type: 'blob' } as const satisfies ColumnOptions;

const json: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? value : JSON.stringify(value)),
  from: (value: string | null) => (value === null ? null : (JSON.parse(value) as unknown)),
};

/** Structured data that the database never looks into. */
export const JSON_TEXT = { type: 'text', transformer: json } as const satisfies ColumnOptions;
export const OPTIONAL_JSON = { ...JSON_TEXT, nullable: true } as const satisfies ColumnOptions;

export function varchar(length: number): { type: 'varchar'; length: string } {
  return { type: 'varchar', length: String(length) };
}

export function optionalVarchar(length: number): ColumnOptions {
  return { ...varchar(length), nullable: true };
}
