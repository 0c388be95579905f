import { existsSync } from 'node:fs';
import type { PlomadaConfig } from '../config/config';
import { DAMAGED_KEY_FILE } from '../crypto/damaged-key-file';
import { isDamage } from '../database/driver-errors';
import { MIGRATIONS } from '../database/migrations';
import { keyFileOf, presentKey } from './key-file';
import { opensAnything } from './secret-check';
import { SqliteFile } from './sqlite-file';

/** The server must not start with this encryption key, or without one. */
export class KeyRefusedError extends Error {}

const WHAT_TO_DO = [
  'Nothing was changed. Which key is the right one cannot be seen, but whether one is:',
  '  - Give another key as ENCRYPTION_KEY (or ENCRYPTION_KEY_FILE) and run: npm run doctor',
  '  - Was the key rotated? Then the new one is right. A rotation that did not end is finished by: npm run rotate-key',
  '  - A backup has its key in it, locked with its passphrase: npm run restore',
  '  - When the key is lost for good, start with ENCRYPTION_KEY_LOST=true: states and secrets cannot be read then.',
].join('\n');

/**
 * Refuses to start with another key than the one that the data were sealed with: each run would fail, and what is
 * stored from then on would need this key and the rest the other. It asks the data themselves, so that a rotation, a
 * backup and a restore have nothing more to carry; where nothing is sealed any key will do. Changes nothing; call it
 * with the lock of the server, before the schema is brought up to date.
 * @throws KeyRefusedError with what to do
 */
export async function assertKeyOpensData(config: PlomadaConfig): Promise<void> {
  const { databaseFile, dataDir } = config.storage;
  const key = presentKey(config);
  if (key === null && existsSync(keyFileOf(dataDir))) {
    throw new KeyRefusedError(DAMAGED_KEY_FILE);
  }
  if (!existsSync(databaseFile) || config.secrets.isEncryptionKeyLost) return;
  const outcome = await SqliteFile.with(databaseFile, 'read', (database) => tryOn(database, key, dataDir)).catch(
    (error: unknown) => {
      // Opening the database tells of it.
      if (isDamage(error)) return 'nothing-sealed';
      throw error;
    },
  );
  if (outcome !== 'none') return;
  const where = config.secrets.encryptionKey === null ? 'encryption.key in DATA_DIR' : 'ENCRYPTION_KEY';
  throw new KeyRefusedError(
    key === null
      ? `The key file encryption.key in DATA_DIR is missing, and there are data that were encrypted with it. ${WHAT_TO_DO}`
      : `The encryption key (${where}) opens nothing of what is stored: it is not the key the data were encrypted with. ${WHAT_TO_DO}`,
  );
}

async function tryOn(
  database: SqliteFile,
  key: Buffer | null,
  dataDir: string,
): Promise<'some' | 'none' | 'nothing-sealed'> {
  const known = new Set(MIGRATIONS.map((migration) => migration.name));
  // Of a newer version, which may seal in another way: refused for that, when it is opened.
  if ((await database.migrations()).some((name) => !known.has(name))) return 'nothing-sealed';
  return opensAnything(database, key, dataDir);
}
