import { existsSync } from 'node:fs';
import { chmod, link, mkdtemp, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { PlomadaConfig } from '../config/config';
import { productVersion } from '../config/package-root';
import { ArchiveWriter } from './archive-writer';
import { artifactPath, isReferenced, referencedArtifacts } from './artifact-files';
import { syncFolder } from './durable-files';
import { presentKey } from './key-file';
import { wrapKey, type WrappedKey } from './key-wrapping';
import { type BackupHead, type BackupManifest, DATABASE, HEAD, MANIFEST } from './manifest';
import { OperationRefusedError } from './operation-refused.error';
import { countSecrets } from './secret-check';
import { SqliteFile } from './sqlite-file';

const MAX_TRIES = 3;

export interface BackupRequest {
  file: string;
  /** Null: the key is left out, as asked for. */
  passphrase: string | null;
}

export interface BackupResult {
  file: string;
  sizeBytes: number;
  artifactCount: number;
  warnings: string[];
}

/** An artefact was deleted between the copy of the database and its turn: the copy names what is gone. */
class ArtifactDeletedError extends Error {}

/**
 * Writes everything that cannot be made again into one file: the database, the artefacts it refers to, the encryption
 * key, locked. A server may be at work meanwhile: the database is copied as it is at one moment, through a connection
 * that only reads, and artefacts never change. One that was deleted since makes it start again with a new copy.
 * @throws OperationRefusedError when there is nothing to back up, or the file is there already
 */
export async function backUp(config: PlomadaConfig, request: BackupRequest): Promise<BackupResult> {
  const file = resolve(request.file);
  const { databaseFile } = config.storage;
  if (!existsSync(databaseFile)) {
    throw new OperationRefusedError(`There is no database at ${databaseFile}. Set DATA_DIR as for the server.`);
  }
  if (existsSync(file)) throw new OperationRefusedError(`${file} is there already; a backup overwrites nothing.`);
  if (!existsSync(dirname(file))) throw new OperationRefusedError(`There is no folder ${dirname(file)}.`);
  const key = presentKey(config);
  if (request.passphrase !== null && key === null) {
    throw new OperationRefusedError(
      'There is no encryption key: neither ENCRYPTION_KEY nor encryption.key in DATA_DIR.',
    );
  }
  const lockedKey = request.passphrase === null || key === null ? null : await wrapKey(key, request.passphrase);
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryToBackUp(config, file, key, lockedKey);
    } catch (error) {
      if (!(error instanceof ArtifactDeletedError)) throw error;
      if (attempt >= MAX_TRIES) {
        throw new OperationRefusedError('Versions are being deleted all the time. Try again when it is quieter.');
      }
    }
  }
}

async function tryToBackUp(
  config: PlomadaConfig,
  file: string,
  key: Buffer | null,
  lockedKey: WrappedKey | null,
): Promise<BackupResult> {
  // In the folder of the backup, where there must be space anyway.
  const staging = await mkdtemp(join(dirname(file), `.${basename(file)}-`));
  const partial = `${file}.partial`;
  try {
    const copy = join(staging, DATABASE);
    await copyDatabase(config.storage.databaseFile, copy);
    const result = await SqliteFile.with(copy, 'read', async (database) => {
      const warnings = await keyWarnings(config, database, key, lockedKey);
      await rm(partial, { force: true });
      return writeBackup({ config, database, copy, partial, lockedKey, warnings });
    });
    await publish(partial, file);
    return { ...result, file, sizeBytes: (await stat(file)).size };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** One read transaction: neither waits for a server's writes nor holds them up. */
async function copyDatabase(file: string, copy: string): Promise<void> {
  await SqliteFile.with(file, 'read', (database) => database.run('VACUUM INTO ?', [copy]));
  await chmod(copy, 0o600);
}

/** @throws OperationRefusedError when the key was changed while the database was copied */
async function keyWarnings(
  config: PlomadaConfig,
  database: SqliteFile,
  key: Buffer | null,
  lockedKey: WrappedKey | null,
): Promise<string[]> {
  const warnings: string[] = [];
  if (lockedKey === null) {
    warnings.push('The encryption key is not in this backup. Without it, no secret and no state in it can be read.');
  }
  if (key === null) return warnings;
  const now = presentKey(config);
  if (now === null || !now.equals(key)) {
    throw new OperationRefusedError('The encryption key was changed while the backup was made. Start it again.');
  }
  const { unreadable } = await countSecrets(database, key);
  if (unreadable.length > 0) {
    warnings.push(
      `${unreadable.length} stored secrets cannot be read with the encryption key: npm run doctor says which.`,
    );
  }
  return warnings;
}

interface Writing {
  config: PlomadaConfig;
  database: SqliteFile;
  copy: string;
  partial: string;
  lockedKey: WrappedKey | null;
  warnings: string[];
}

async function writeBackup(writing: Writing): Promise<Omit<BackupResult, 'file' | 'sizeBytes'>> {
  const { config, database, copy, partial, lockedKey, warnings } = writing;
  const now = new Date();
  const migrations = await database.migrations();
  const head: BackupHead = {
    format: 1,
    product: 'plomada',
    product_version: productVersion(),
    migrations,
    created_at: now.toISOString(),
    encryption_key: lockedKey,
  };
  const writer = await ArchiveWriter.create(partial, now);
  try {
    await writer.addText(HEAD, JSON.stringify(head, null, 2));
    await writer.addFile(DATABASE, copy);
    const missing: string[] = [];
    let artifactCount = 0;
    for await (const sha256 of referencedArtifacts(database)) {
      if (await addArtifact(writer, config, sha256)) artifactCount++;
      else missing.push(sha256);
    }
    if (missing.length > 0) {
      warnings.push(
        `${missing.length} artefacts are missing or damaged in DATA_DIR: npm run doctor -- --deep says which.`,
      );
    }
    const manifest: BackupManifest = {
      product_version: head.product_version,
      schema_version: migrations.at(-1) ?? null,
      created_at: head.created_at,
      members: writer.members,
      missing_artifacts: missing,
    };
    await writer.addText(MANIFEST, JSON.stringify(manifest, null, 1));
    await writer.finish();
    return { artifactCount, warnings };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** False when the artefact is not there, or not what its name says; what there is of it is taken along. */
async function addArtifact(writer: ArchiveWriter, { storage }: PlomadaConfig, sha256: string): Promise<boolean> {
  try {
    const member = await writer.addFile(
      `artifacts/${sha256.slice(0, 2)}/${sha256}`,
      artifactPath(storage.dataDir, sha256),
    );
    return member.sha256 === sha256;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Its row may be gone by now, and the sweeper was there: that is no damage, but this copy is of no use any more.
    const isWanted = await SqliteFile.with(storage.databaseFile, 'read', (live) => isReferenced(live, sha256));
    if (!isWanted) throw new ArtifactDeletedError();
    return false;
  }
}

/** Gives the finished file its name; unlike a rename, a link never takes the place of another file. */
async function publish(partial: string, file: string): Promise<void> {
  await link(partial, file);
  await unlink(partial);
  await syncFolder(dirname(file));
}
