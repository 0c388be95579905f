import { statSync, type Stats } from 'node:fs';
import { DomainError } from '../common/errors';

/**
 * The file a database was opened from. Who removes or replaces it takes its name away, not the open file: SQLite would go
 * on storing there, and all of it would be gone with the process.
 */
export class DatabaseFile {
  private constructor(
    private readonly path: string,
    private readonly opened: Stats,
  ) {}

  /** @param path of a file that is open by now */
  static opened(path: string): DatabaseFile {
    return new DatabaseFile(path, statSync(path));
  }

  /** @throws DomainError when the name leads nowhere or to another file, so that nothing more may be promised */
  assertInPlace(): void {
    const found = statSync(this.path, { throwIfNoEntry: false });
    if (found && !this.isAnother(found)) return;
    throw new DomainError(
      'unavailable',
      'database-unavailable',
      'The database file was removed or replaced while the server works with it. Nothing was stored. Put it back, or stop the server and restore a backup.',
    );
  }

  /** By both, since some file systems give a file another number while it is the same one. */
  private isAnother(found: Stats): boolean {
    return found.ino !== this.opened.ino && found.birthtimeMs !== this.opened.birthtimeMs;
  }
}
