import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationInterface, QueryRunner } from 'typeorm';
import { MIGRATIONS } from '../../../src/database/migrations';
import { DatabaseRefusedError } from '../../../src/database/open-database';
import { startProgram, STOP_HALF_WAY } from './child-programs';
import { countGroups, DatabaseFolder, insertNamespace } from './temporary-database';

/** A later migration than any there is. */
class Later9000000000000 implements MigrationInterface {
  readonly name = 'Later9000000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE later (id TEXT)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE later');
  }
}

/** One that fails after it has changed something. */
class Failing9000000000001 implements MigrationInterface {
  readonly name = 'Failing9000000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id TEXT)');
    throw new Error('half way');
  }

  async down(): Promise<void> {}
}

/** One that leaves a row without its parent. */
class Orphaning9000000000002 implements MigrationInterface {
  readonly name = 'Orphaning9000000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `INSERT INTO api_keys (id, namespace_id, name, permissions, prefix, key_hash, created_at) VALUES ('k', 'gone', '', '', '', '', '')`,
    );
  }

  async down(): Promise<void> {}
}

describe('the schema', () => {
  let folder: DatabaseFolder;

  beforeEach(() => (folder = new DatabaseFolder()));
  afterEach(() => {
    jest.restoreAllMocks();
    folder.forget();
  });

  const tables = async (of: DatabaseFolder): Promise<string[]> => {
    const database = await of.open();
    const rows: { name: string }[] = await database.reader.query(
      `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`,
    );
    await database.close();
    return rows.map(({ name }) => name);
  };
  const copies = (): string[] => readdirSync(folder.directory).filter((name) => name.includes('.before-'));
  /** A file with one row in it. */
  const fill = async (): Promise<void> => {
    const database = await folder.open();
    await database.transaction((transaction) => insertNamespace(transaction, 'kept'));
    await database.close();
  };

  it('that the migrations make is the one the entities describe', async () => {
    const database = await folder.open();
    const drift = await database.writer.driver.createSchemaBuilder().log();
    expect(drift.upQueries.map(({ query }) => query)).toEqual([]);
    await database.close();
  });

  it('goes down to nothing and up again to the same', async () => {
    const database = await folder.open();
    const schema = 'SELECT type, name, sql FROM sqlite_master ORDER BY type, name';
    const before: { name: string }[] = await database.writer.query(schema);
    expect(before.length).toBeGreaterThan(MIGRATIONS.length);
    for (let count = 0; count < MIGRATIONS.length; count++) await database.writer.undoLastMigration();
    const left: { name: string }[] = await database.writer.query(schema);
    expect(left.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_'))).toEqual(['migrations']);
    await database.writer.runMigrations();
    expect(await database.writer.query(schema)).toEqual(before);
    await database.close();
  });

  it('has migrations in one order, by the times in their names', () => {
    const times = MIGRATIONS.map((migration) => Number(/\d{13}$/.exec(migration.name)?.[0]));
    expect(times.every((time) => time > 1_600_000_000_000)).toBe(true);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  });

  it('of an older version is copied before it is changed, readable by its owner alone', async () => {
    await fill();
    expect(copies()).toEqual([]);
    const database = await folder.open([...MIGRATIONS, Later9000000000000]);
    expect((await countGroups(database)).get('kept')).toBe(1);
    expect(await database.reader.query('SELECT * FROM later')).toEqual([]);
    await database.close();
    const [copy, ...others] = copies();
    expect(others).toEqual([]);
    expect(statSync(join(folder.directory, copy!)).mode & 0o777).toBe(0o600);

    const restored = new DatabaseFolder();
    writeFileSync(restored.file, readFileSync(join(folder.directory, copy!)));
    const old = await restored.open();
    expect((await countGroups(old)).get('kept')).toBe(1);
    await old.close();
    expect(await tables(restored)).not.toContain('later');
    restored.forget();
  });

  it('is left as it was by a migration that fails, and can be opened by the version before', async () => {
    await fill();
    const before = await tables(folder);
    // TypeORM says it on the console itself.
    jest.spyOn(console, 'log').mockImplementation(() => undefined);
    await expect(folder.open([...MIGRATIONS, Failing9000000000001])).rejects.toThrow('half way');
    expect(await tables(folder)).toEqual(before);
    expect(copies()).toHaveLength(1);
  });

  it('refuses a migration that leaves rows without their parents', async () => {
    await fill();
    const migrations = [...MIGRATIONS, Orphaning9000000000002];
    await expect(folder.open(migrations)).rejects.toThrow(DatabaseRefusedError);
    // Nor does it help to try again, as a supervisor would.
    await expect(folder.open(migrations)).rejects.toThrow(DatabaseRefusedError);
  });

  it('is whole after SIGKILL in the middle of a migration', async () => {
    await fill();
    const before = await tables(folder);
    for (let round = 0; round < 2; round++) {
      const child = startProgram(STOP_HALF_WAY, folder.file);
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      expect(chunk.toString()).toBe('half way\n');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(await tables(folder)).toEqual(before);
    const database = await folder.open([...MIGRATIONS, Later9000000000000]);
    expect((await countGroups(database)).get('kept')).toBe(1);
    await database.close();
  });

  it('of a newer version is refused by name, and not touched', async () => {
    const newer = await folder.open([...MIGRATIONS, Later9000000000000]);
    await newer.transaction((transaction) => insertNamespace(transaction, 'of the newer version'));
    await newer.close();
    const before = readFileSync(folder.file);
    const refusal = await folder.open().then(
      () => null,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(DatabaseRefusedError);
    expect(String(refusal)).toMatch(/newer version.*Later9000000000000/);
    expect(readFileSync(folder.file).equals(before)).toBe(true);
    expect(copies()).toEqual([]);
  });

  const invert = (bytes: Buffer, from: number, length = 1_024): void => {
    for (let at = from; at < from + length && at < bytes.length; at++) bytes[at]! ^= 0xff;
  };
  it.each<[string, (bytes: Buffer) => void]>([
    ['its header', (bytes) => invert(bytes, 0, 100)],
    ['its schema', (bytes) => invert(bytes, 100)],
    ['its second page', (bytes) => invert(bytes, 4_096)],
    ['a page in its middle', (bytes) => invert(bytes, 4_096 * Math.floor(bytes.length / 8_192))],
    ['its second half', (bytes) => bytes.fill(0, bytes.length / 2)],
  ])('in a file with damage to %s is refused, and the file not touched', async (_where, damage) => {
    await fill();
    const damaged = readFileSync(folder.file);
    expect(damaged.length).toBeGreaterThan(16 * 4_096);
    damage(damaged);
    writeFileSync(folder.file, damaged);
    // No migration runs either: one is waiting.
    const refusal = await folder.open([...MIGRATIONS, Later9000000000000]).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(DatabaseRefusedError);
    expect(String(refusal)).toMatch(/damaged.*backup/);
    expect(readFileSync(folder.file).equals(damaged)).toBe(true);
    expect(copies()).toEqual([]);
  });

  it('is in files that nobody else can read, also in a folder that anybody can', async () => {
    chmodSync(folder.directory, 0o755);
    const database = await folder.open();
    await database.transaction((transaction) => insertNamespace(transaction, 'private'));
    const modes = readdirSync(folder.directory).map(
      (name) => `${name} ${(statSync(join(folder.directory, name)).mode & 0o777).toString(8)}`,
    );
    expect(modes.sort()).toEqual(['plomada.db 600', 'plomada.db-shm 600', 'plomada.db-wal 600']);
    await database.close();
  });
});
