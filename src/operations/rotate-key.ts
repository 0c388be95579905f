import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FileArtifactStore } from '../artifacts/file-artifact-store';
import type { PlomadaConfig } from '../config/config';
import { SETTINGS } from '../config/settings';
import { DerivedKeys } from '../crypto/derived-keys';
import { SecretBox } from '../crypto/secret-box';
import { MIGRATIONS } from '../database/migrations';
import { ServerLock } from '../database/server-lock';
import { ACTIVE_STATUSES } from '../deployments/domain/run-status';
import { StateCipher } from '../state/state-cipher';
import { artifactPath } from './artifact-files';
import { GivenKey, KeyFile, type Keys } from './key-places';
import { OperationRefusedError } from './operation-refused.error';
import { countSecrets, rowsWith } from './secret-check';
import { SqliteFile } from './sqlite-file';
import { contextOf, SEALED_BLOBS, SEALED_COLUMNS, stateContextOf } from './stored-secrets';

export interface RotationResult {
  secrets: number;
  states: number;
  /** Whether the new key is in the key file, or in the hands of whoever gave it. */
  isInKeyFile: boolean;
  /** An earlier rotation that was killed after its commit was finished; nothing else was to do. */
  wasFinished: boolean;
}

/** Points of a rotation at which a test ends the process. */
export type RotationPoint = 'keys-written' | 'states-written' | 'before-commit' | 'after-commit' | 'key-switched';

/**
 * Replaces the encryption key: everything that was sealed with the old one is sealed with the new one, in one
 * transaction. Killed at any point, it is as before or done; running it again finishes it.
 * @throws OperationRefusedError, ServerLockedError
 */
export async function rotateKey(
  config: PlomadaConfig,
  given: string | null,
  reached: (point: RotationPoint) => void = () => undefined,
): Promise<RotationResult> {
  const { databaseFile, dataDir } = config.storage;
  if (!existsSync(databaseFile)) {
    throw new OperationRefusedError(`There is no database at ${databaseFile}. Set DATA_DIR as for the server.`);
  }
  const next = given === null ? null : parseKey(given);
  const lock = await ServerLock.take(databaseFile);
  try {
    return await SqliteFile.with(databaseFile, 'write', async (database) => {
      await refuseUnready(database);
      const place =
        config.secrets.encryptionKey === null
          ? new KeyFile(dataDir)
          : new GivenKey(config.secrets.encryptionKey, next, dataDir);
      const keys = await place.prepare(database, next);
      if (keys === null) return { secrets: 0, states: 0, isInKeyFile: place.isFile, wasFinished: true };
      reached('keys-written');
      const counts = await sealAnew(database, dataDir, keys, reached, () => place.lock());
      reached('after-commit');
      await place.switch();
      reached('key-switched');
      await place.forgetOld();
      return { ...counts, isInKeyFile: place.isFile, wasFinished: false };
    });
  } finally {
    await lock.release();
  }
}

function parseKey(given: string): Buffer {
  try {
    return Buffer.from(SETTINGS.ENCRYPTION_KEY.parse(given) ?? '', 'base64');
  } catch (error) {
    throw new OperationRefusedError(`NEW_ENCRYPTION_KEY ${error instanceof Error ? error.message : 'is not usable'}.`);
  }
}

/** @throws OperationRefusedError while the database is of another version, or runs need the old key */
async function refuseUnready(database: SqliteFile): Promise<void> {
  const applied = await database.migrations();
  const known = MIGRATIONS.map((migration) => migration.name);
  if (applied.length !== known.length || applied.some((name) => !known.includes(name))) {
    throw new OperationRefusedError(
      'The database is of another version. Start the server of this version once, stop it, and rotate then.',
    );
  }
  // Runs that have begun keep sealed files in their working directories, and their tools hold tokens.
  const begun = ACTIVE_STATUSES.filter((status) => status !== 'pending');
  const marks = begun.map(() => '?').join(', ');
  const runs = await database.all(`SELECT id FROM runs WHERE status IN (${marks})`, begun);
  if (runs.length > 0) {
    throw new OperationRefusedError(
      `${runs.length} runs have begun and not ended; with another key they could not go on. ` +
        'Start the server, let them end, approve, reject or cancel them, and rotate then.',
    );
  }
}

async function sealAnew(
  database: SqliteFile,
  dataDir: string,
  { present, next }: Keys,
  reached: (point: RotationPoint) => void,
  beforeCommit: () => Promise<void>,
): Promise<{ secrets: number; states: number }> {
  const { unreadable } = await countSecrets(database, present);
  if (unreadable.length > 0) {
    throw new OperationRefusedError(
      `${unreadable.length} stored secrets cannot be read with the present key (${unreadable.slice(0, 5).join(', ')}). ` +
        'Nothing was changed. Set these anew or delete them, then rotate.',
    );
  }
  const blobs = await sealStates(database, dataDir, { present, next });
  reached('states-written');
  // What was sealed with the old key must not stay behind in free pages of the file.
  await database.run('PRAGMA secure_delete = ON');
  await database.run('PRAGMA synchronous = FULL');
  await database.run('BEGIN IMMEDIATE');
  let secrets = 0;
  try {
    const [old, fresh] = [new SecretBox(present), new SecretBox(next)];
    for (const sealed of SEALED_COLUMNS) {
      for await (const { id, value } of rowsWith(database, sealed)) {
        const context = contextOf(sealed, String(id));
        const anew = fresh.seal(old.open(String(value), context), context);
        await database.run(`UPDATE "${sealed.table}" SET "${sealed.column}" = ? WHERE id = ?`, [anew, id ?? null]);
        secrets++;
      }
    }
    for (const [id, sha256] of blobs) {
      await database.run(`UPDATE "${SEALED_BLOBS.table}" SET "${SEALED_BLOBS.column}" = ? WHERE id = ?`, [sha256, id]);
    }
    await beforeCommit();
    reached('before-commit');
    await database.run('COMMIT');
  } catch (error) {
    await database.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
  await database.run('PRAGMA wal_checkpoint(TRUNCATE)');
  return { secrets, states: blobs.size };
}

/** Stores each state once more, sealed with the new key. The old ones are left to the sweeper. */
async function sealStates(
  database: SqliteFile,
  dataDir: string,
  { present, next }: Keys,
): Promise<Map<string, string>> {
  const store = new FileArtifactStore(join(dataDir, 'artifacts'));
  const [old, fresh] = [present, next].map((key) => new StateCipher(new DerivedKeys(key)));
  const blobs = new Map<string, string>();
  for await (const { id, value, deployment_id, path } of rowsWith(database, SEALED_BLOBS, ['deployment_id', 'path'])) {
    const context = stateContextOf({ id: String(id), deploymentId: String(deployment_id), path: String(path) });
    try {
      const state = await old!.open(await readFile(artifactPath(dataDir, String(value))), context);
      const { sha256 } = await store.put(Readable.from([await fresh!.seal(state, context)]));
      blobs.set(String(id), sha256);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new OperationRefusedError(
        `The state version ${String(id)} cannot be sealed anew: ${reason} Nothing was changed.`,
      );
    }
  }
  return blobs;
}
