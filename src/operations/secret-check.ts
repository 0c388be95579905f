import { readFile } from 'node:fs/promises';
import { DerivedKeys } from '../crypto/derived-keys';
import { SecretBox } from '../crypto/secret-box';
import { StateCipher } from '../state/state-cipher';
import { artifactPath } from './artifact-files';
import type { SqliteFile, SqlRow } from './sqlite-file';
import { contextOf, SEALED_BLOBS, SEALED_COLUMNS, type SealedColumn, stateContextOf } from './stored-secrets';

const AT_ONCE = 200;

/** How many stored secrets a key opens. */
export interface SecretCount {
  readable: number;
  /** `table.column ID`, never a value. */
  unreadable: string[];
}

/** Rows of a table with a value in a column, by id, a page at a time: `id` and `value`. */
export async function* rowsWith(
  database: SqliteFile,
  { table, column, where = '1' }: { table: string; column: string; where?: string },
  more: string[] = [],
): AsyncGenerator<SqlRow> {
  // The database may be of an older version.
  if (!(await database.hasColumn(table, column))) return;
  const fields = ['id', `"${column}" AS value`, ...more].join(', ');
  for (let after = ''; ;) {
    const rows = await database.all(
      `SELECT ${fields} FROM "${table}" WHERE "${column}" IS NOT NULL AND (${where}) AND id > ? ORDER BY id LIMIT ${AT_ONCE}`,
      [after],
    );
    yield* rows;
    if (rows.length < AT_ONCE) return;
    after = String(rows.at(-1)?.id);
  }
}

/** Tries a key on every sealed column. */
export async function countSecrets(database: SqliteFile, key: Buffer): Promise<SecretCount> {
  const box = new SecretBox(key);
  const count: SecretCount = { readable: 0, unreadable: [] };
  for (const sealed of SEALED_COLUMNS) {
    for await (const { id, value } of rowsWith(database, sealed)) {
      if (opens(box, String(value), sealed, String(id))) count.readable++;
      else count.unreadable.push(`${sealed.table}.${sealed.column} ${String(id)}`);
    }
  }
  return count;
}

/** Tries a key on encrypted states, the newest `most` of them. A state whose content is missing is not counted. */
export async function countStates(
  database: SqliteFile,
  key: Buffer,
  dataDir: string,
  most: number,
): Promise<SecretCount> {
  const count: SecretCount = { readable: 0, unreadable: [] };
  if (!(await database.hasTable(SEALED_BLOBS.table))) return count;
  const cipher = new StateCipher(new DerivedKeys(key));
  const rows = await database.all(
    `SELECT id, deployment_id, path, blob_sha256 FROM state_versions ORDER BY id DESC LIMIT ?`,
    [most],
  );
  for (const row of rows) {
    const isOpened = await opensState(cipher, row, dataDir);
    if (isOpened === null) continue;
    if (isOpened) count.readable++;
    else count.unreadable.push(`state_versions ${String(row.id)}`);
  }
  return count;
}

/**
 * Whether a key opens anything of what is sealed: secrets first, then the smallest states. It ends with the first that it
 * opens, so that the right key costs next to nothing. One value that it opens tells that it is the key, since others may
 * be damaged.
 * @param key null opens nothing
 */
export async function opensAnything(
  database: SqliteFile,
  key: Buffer | null,
  dataDir: string,
): Promise<'some' | 'none' | 'nothing-sealed'> {
  const box = key && new SecretBox(key);
  let isAnythingSealed = false;
  for (const sealed of SEALED_COLUMNS) {
    for await (const { id, value } of rowsWith(database, sealed)) {
      if (box && opens(box, String(value), sealed, String(id))) return 'some';
      isAnythingSealed = true;
    }
  }
  const states = (await database.hasTable(SEALED_BLOBS.table))
    ? await database.all(`SELECT id, deployment_id, path, blob_sha256 FROM state_versions ORDER BY size_bytes LIMIT 20`)
    : [];
  const cipher = key && new StateCipher(new DerivedKeys(key));
  for (const row of states) {
    const isOpened = await opensState(cipher, row, dataDir);
    if (isOpened) return 'some';
    isAnythingSealed ||= isOpened !== null;
  }
  return isAnythingSealed ? 'none' : 'nothing-sealed';
}

/** Null when the content of the state is missing. */
async function opensState(cipher: StateCipher | null, row: SqlRow, dataDir: string): Promise<boolean | null> {
  const { id, deployment_id, path, blob_sha256 } = row;
  const sealed = await readFile(artifactPath(dataDir, String(blob_sha256))).catch(() => null);
  if (sealed === null) return null;
  if (cipher === null) return false;
  const context = stateContextOf({ id: String(id), deploymentId: String(deployment_id), path: String(path) });
  return cipher.open(sealed, context).then(
    () => true,
    () => false,
  );
}

function opens(box: SecretBox, value: string, sealed: SealedColumn, id: string): boolean {
  try {
    box.open(value, contextOf(sealed, id));
    return true;
  } catch {
    return false;
  }
}
