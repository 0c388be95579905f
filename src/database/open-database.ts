import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import * as sqlite3 from 'sqlite3';
import { DataSource, type DataSourceOptions, type EntityTarget, type MigrationInterface } from 'typeorm';
import { Database } from './database';
import { DatabaseFile } from './database-file';
import { isDamage } from './driver-errors';

const BUSY_TIMEOUT_MS = 5_000;
const DAMAGED = 'The database file is damaged. It was left untouched: restore a backup.';

type EntityClass = Extract<EntityTarget<object>, new () => object>;

/**
 * TypeORM asks the driver to be verbose. It then puts every statement with its values into words, in case it fails: that
 * takes time from each, and brings values into the log.
 */
const DRIVER = { ...sqlite3, verbose: () => sqlite3 };

/** Refusal to open: the file is from a newer version, or damaged. */
export class DatabaseRefusedError extends Error {}

/** What TypeORM needs to know of a SQLite file. Never `synchronize`: the schema is the migrations' alone. */
export function sqliteOptions(
  file: string,
  entities: EntityClass[],
  migrations: (new () => MigrationInterface)[],
): DataSourceOptions {
  return {
    type: 'sqlite',
    driver: DRIVER,
    database: file,
    entities,
    migrations,
    migrationsTransactionMode: 'each',
    enableWAL: true,
    busyTimeout: BUSY_TIMEOUT_MS,
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
  };
}

/**
 * Opens the file, brings its schema up to date (after a copy of the old one) and returns the database.
 * @throws DatabaseRefusedError when the file has migrations this version does not know, or fails its integrity check.
 */
export async function openDatabase(
  file: string,
  entities: EntityClass[],
  migrations: (new () => MigrationInterface)[],
): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const isNew = !existsSync(file);
  const writer = await new DataSource(sqliteOptions(file, entities, migrations))
    .initialize()
    .catch((error: unknown) => {
      throw isDamage(error) ? new DatabaseRefusedError(DAMAGED) : error;
    });
  try {
    if (isNew) chmodSync(file, 0o600);
    // An acknowledged write must survive a power cut, so every commit is synced.
    await writer.query('PRAGMA synchronous = FULL');
    if (!isNew) await refuseUnusable(writer);
    if (await writer.showMigrations()) {
      if (!isNew) await copyBeforeMigrating(writer, file);
      await writer.runMigrations();
    }
    // At every start: the one after a refusal would otherwise find no migration to run and go on.
    const broken: unknown[] = await writer.query('PRAGMA foreign_key_check');
    if (broken.length > 0) {
      throw new DatabaseRefusedError('A migration left rows without their parents. Restore the copy.');
    }
    const reader = await new DataSource(sqliteOptions(file, entities, [])).initialize();
    await reader.query('PRAGMA query_only = ON');
    return new Database(writer, reader, DatabaseFile.opened(file));
  } catch (error) {
    await writer.destroy();
    throw error;
  }
}

async function refuseUnusable(writer: DataSource): Promise<void> {
  const check: { quick_check: string }[] = await writer
    .query<{ quick_check: string }[]>('PRAGMA quick_check(1)')
    .catch(() => []);
  if (check[0]?.quick_check !== 'ok') {
    throw new DatabaseRefusedError(DAMAGED);
  }
  const table: unknown[] = await writer.query(`SELECT 1 FROM sqlite_master WHERE name = 'migrations'`);
  if (table.length === 0) return;
  const known = new Set(writer.migrations.map((migration) => migration.name));
  const applied: { name: string }[] = await writer.query('SELECT name FROM migrations');
  const unknown = applied.filter(({ name }) => !known.has(name));
  if (unknown.length > 0) {
    throw new DatabaseRefusedError(
      `The database was written by a newer version of Plomada (${unknown.map(({ name }) => name).join(', ')}). Start that version.`,
    );
  }
}

async function copyBeforeMigrating(writer: DataSource, file: string): Promise<void> {
  const copy = `${file}.before-${new Date().toISOString().replace(/[:.]/g, '-')}`;
  await writer.query('VACUUM INTO ?', [copy]);
  chmodSync(copy, 0o600);
}
