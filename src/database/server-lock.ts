import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { Database as SqliteHandle } from 'sqlite3';

/** Another server works on the same database file. */
export class ServerLockedError extends Error {}

/**
 * The lock that lets one server alone work on a SQLite file. It is an exclusive SQLite transaction on a file beside
 * the database: the operating system gives it up when the process ends, however it ends, so it can never be stale.
 */
export class ServerLock {
  private constructor(private readonly handle: SqliteHandle) {}

  /** @throws ServerLockedError that says which process holds the lock. */
  static async take(databaseFile: string): Promise<ServerLock> {
    // A link to the file is the file.
    const file = `${existsSync(databaseFile) ? realpathSync(databaseFile) : databaseFile}.lock`;
    const holderFile = `${file}.holder`;
    const handle = await new Promise<SqliteHandle>((resolve, reject) => {
      const opened: SqliteHandle = new SqliteHandle(file, (error) => (error ? reject(error) : resolve(opened)));
    });
    try {
      await run(handle, 'BEGIN EXCLUSIVE');
    } catch {
      await close(handle);
      throw new ServerLockedError(
        `Another Plomada server works on ${databaseFile} (${readHolder(holderFile)}). ` +
          'One server at a time may use a SQLite file: stop the other one, or give this one a DATA_DIR of its own.',
      );
    }
    writeFileSync(holderFile, `process ${process.pid} since ${new Date().toISOString()}`, { mode: 0o600 });
    return new ServerLock(handle);
  }

  async release(): Promise<void> {
    await close(this.handle);
  }
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(0, 100);
  } catch {
    return 'holder unknown';
  }
}

function run(handle: SqliteHandle, sql: string): Promise<void> {
  return new Promise((resolve, reject) => handle.run(sql, (error) => (error ? reject(error) : resolve())));
}

function close(handle: SqliteHandle): Promise<void> {
  return new Promise((resolve, reject) => handle.close((error) => (error ? reject(error) : resolve())));
}
