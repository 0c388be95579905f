import { DomainError } from '../common/errors';

/** True when a write broke a unique constraint or index, whatever the driver calls it. */
export function isUniqueViolation(error: unknown): boolean {
  const { code, message } = driverError(error);
  return code === '23505' || (code === 'SQLITE_CONSTRAINT' && message.includes('UNIQUE constraint failed'));
}

/** True when a write broke a foreign key: the other row is gone, or still has children. */
export function isForeignKeyViolation(error: unknown): boolean {
  const { code, message } = driverError(error);
  return code === '23503' || (code === 'SQLITE_CONSTRAINT' && message.includes('FOREIGN KEY constraint failed'));
}

/** True when the file is no database, or a damaged one. */
export function isDamage(error: unknown): boolean {
  return ['SQLITE_NOTADB', 'SQLITE_CORRUPT'].includes(driverError(error).code);
}

/** Turns what an operator can mend (a full disk, a locked file) into an error that says so; others stay as they are. */
export function toDomainError(error: unknown): unknown {
  switch (driverError(error).code) {
    case 'SQLITE_FULL':
      return new DomainError(
        'insufficient-storage',
        'no-space',
        'The disk of the database is full. Nothing was stored.',
      );
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new DomainError('unavailable', 'database-busy', 'The database is busy. Try again in a moment.');
    case 'SQLITE_IOERR':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
      return new DomainError('unavailable', 'database-unavailable', 'The database cannot be written at the moment.');
    default:
      return error;
  }
}

function driverError(error: unknown): { code: string; message: string } {
  if (typeof error !== 'object' || error === null) return { code: '', message: '' };
  const { code, message, driverError: inner } = error as { code?: unknown; message?: unknown; driverError?: unknown };
  if (inner !== undefined && inner !== error) return driverError(inner);
  return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' };
}
