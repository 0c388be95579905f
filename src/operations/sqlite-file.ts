import { Database as SqliteHandle, OPEN_READONLY, OPEN_READWRITE } from 'sqlite3';

export type SqlValue = string | number | Buffer | null;
export type SqlRow = Record<string, SqlValue>;

const BUSY_TIMEOUT_MS = 10_000;

/**
 * A SQLite file without entities: for work on databases that a server may have open, or whose schema may be older. It
 * never makes a file.
 */
export class SqliteFile {
  private constructor(private readonly handle: SqliteHandle) {}

  /** @throws the driver's error when the file is not there */
  static async open(file: string, mode: 'read' | 'write', waitMs = BUSY_TIMEOUT_MS): Promise<SqliteFile> {
    const handle = await new Promise<SqliteHandle>((resolve, reject) => {
      const opened: SqliteHandle = new SqliteHandle(file, mode === 'read' ? OPEN_READONLY : OPEN_READWRITE, (error) =>
        error ? reject(error) : resolve(opened),
      );
    });
    handle.configure('busyTimeout', waitMs);
    return new SqliteFile(handle);
  }

  /** Opens, works, closes. */
  static async with<T>(file: string, mode: 'read' | 'write', work: (database: SqliteFile) => Promise<T>): Promise<T> {
    const database = await SqliteFile.open(file, mode);
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  }

  all(sql: string, values: SqlValue[] = []): Promise<SqlRow[]> {
    return new Promise((resolve, reject) =>
      this.handle.all<SqlRow>(sql, values, (error, rows) => (error ? reject(error) : resolve(rows))),
    );
  }

  async run(sql: string, values: SqlValue[] = []): Promise<void> {
    await this.all(sql, values);
  }

  async hasTable(name: string): Promise<boolean> {
    return (await this.all(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`, [name])).length > 0;
  }

  /** False also when there is no such table. */
  async hasColumn(table: string, name: string): Promise<boolean> {
    return (await this.all('SELECT 1 FROM pragma_table_info(?) WHERE name = ?', [table, name])).length > 0;
  }

  /** Names of the applied migrations, oldest first. */
  async migrations(): Promise<string[]> {
    if (!(await this.hasTable('migrations'))) return [];
    return (await this.all('SELECT name FROM migrations ORDER BY id')).map(({ name }) => String(name));
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => this.handle.close((error) => (error ? reject(error) : resolve())));
  }
}
