import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MigrationInterface } from 'typeorm';
import { newId } from '../../../src/common/ids';
import type { Database } from '../../../src/database/database';
import { MIGRATIONS } from '../../../src/database/migrations';
import { openDatabase } from '../../../src/database/open-database';
import { Transaction } from '../../../src/database/transaction';
import { ENTITIES } from '../../../src/entities';

/** A folder for database files that is removed with `forget`. */
export class DatabaseFolder {
  readonly directory = mkdtempSync(join(tmpdir(), 'plomada-database-'));
  readonly file = join(this.directory, 'plomada.db');

  open(migrations: (new () => MigrationInterface)[] = MIGRATIONS): Promise<Database> {
    return openDatabase(this.file, ENTITIES, migrations);
  }

  forget(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Writes one namespace, marked with a group by its description. */
export async function insertNamespace(transaction: Transaction, group: string, name = newId()): Promise<void> {
  await Transaction.managerOf(transaction).query(
    `INSERT INTO namespaces (id, name, description, is_public, created_at, updated_at) VALUES (?, ?, ?, 0, '', '')`,
    [newId(), name, group],
  );
}

/** Committed rows of each group, read on the reader connection. */
export async function countGroups(database: Database): Promise<Map<string, number>> {
  const rows: { description: string; count: number }[] = await database
    .readManager()
    .query('SELECT description, COUNT(*) AS count FROM namespaces GROUP BY description');
  return new Map(rows.map(({ description, count }) => [description, count]));
}
