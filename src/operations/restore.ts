import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { PlomadaConfig } from '../config/config';
import { MIGRATIONS } from '../database/migrations';
import { ServerLock } from '../database/server-lock';
import { ArchiveReader, damaged } from './archive-reader';
import { renameDurably, syncFolder, writeDurably } from './durable-files';
import { keyFileOf, keyText } from './key-file';
import { unwrapKey } from './key-wrapping';
import { type BackupHead, type BackupManifest, type BackupMember, DATABASE, HEAD, MANIFEST } from './manifest';
import { OperationRefusedError } from './operation-refused.error';
import { closeRestoredRuns } from './restored-runs';
import { countSecrets } from './secret-check';
import { SqliteFile } from './sqlite-file';

const ARTIFACT = /^artifacts\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/;
/** Inside a DATA_DIR that is there already, such as a mounted volume, which cannot be renamed onto. */
const INNER = '.restoring';

export interface RestoreResult {
  head: BackupHead;
  artifactCount: number;
  /** Runs that had not ended in the backup. */
  closedRuns: number;
  warnings: string[];
}

/**
 * Makes a DATA_DIR out of a backup. Everything is unpacked and checked beside its place; nothing of it is there when it
 * fails. Runs that had not ended are closed: nothing that was begun before is begun again.
 * @throws OperationRefusedError, ServerLockedError
 */
export async function restore(
  config: PlomadaConfig,
  request: { file: string; passphrase: string | null },
): Promise<RestoreResult> {
  const { dataDir, databaseFile } = config.storage;
  const databaseName = relative(dataDir, databaseFile);
  if (isAbsolute(databaseName) || databaseName.startsWith('..') || dirname(databaseName) !== '.') {
    throw new OperationRefusedError(
      'DATABASE_URL names a place outside of DATA_DIR. Leave it out for the restore, then move plomada.db there.',
    );
  }
  await refuseRunningServer(databaseFile);
  await mkdir(dirname(dataDir), { recursive: true, mode: 0o700 });
  // One restore at a time; its lock is beside DATA_DIR, which must be empty.
  const lock = await ServerLock.take(`${dataDir}.restoring`);
  const isThere = existsSync(dataDir);
  const staging = isThere ? join(dataDir, INNER) : `${dataDir}.restoring`;
  try {
    if (isThere) await clearInterrupted(dataDir, databaseName);
    refuseFilled(dataDir, databaseName);
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { mode: 0o700 });
    const result = await unpack(config, request, resolve(request.file), staging, databaseName);
    if (isThere) await moveIn(staging, dataDir, databaseName);
    else await renameDurably(staging, dataDir);
    return result;
  } finally {
    await rm(staging, { recursive: true, force: true });
    await lock.release();
    for (const ending of ['', '.holder']) await rm(`${dataDir}.restoring.lock${ending}`, { force: true });
  }
}

/** @throws ServerLockedError */
async function refuseRunningServer(databaseFile: string): Promise<void> {
  if (existsSync(`${databaseFile}.lock`)) await (await ServerLock.take(databaseFile)).release();
}

/** What a restore that was killed while it moved things in has left; a server has not used it, for want of a database. */
async function clearInterrupted(dataDir: string, databaseName: string): Promise<void> {
  if (!existsSync(join(dataDir, INNER)) || existsSync(join(dataDir, databaseName))) return;
  for (const name of ['artifacts', 'encryption.key', INNER])
    await rm(join(dataDir, name), { recursive: true, force: true });
}

/** @throws OperationRefusedError */
function refuseFilled(dataDir: string, databaseName: string): void {
  if (!existsSync(dataDir)) return;
  const harmless = [`${databaseName}.lock`, `${databaseName}.lock.holder`, 'lost+found'];
  const found = readdirSync(dataDir).filter((name) => !harmless.includes(name));
  if (found.length === 0) return;
  throw new OperationRefusedError(
    `${dataDir} is not empty (${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}). ` +
      'A backup is restored into an empty or absent DATA_DIR: move this one away, or name another.',
  );
}

async function unpack(
  config: PlomadaConfig,
  { passphrase }: { passphrase: string | null },
  file: string,
  staging: string,
  databaseName: string,
): Promise<RestoreResult> {
  const reader = await ArchiveReader.open(file);
  try {
    const { head, member } = await readHead(reader);
    const key = await keyOf(config, head, passphrase);
    const manifest = await unpackMembers(reader, member, staging, databaseName);
    const { warnings, closedRuns } = await SqliteFile.with(join(staging, databaseName), 'write', async (database) => ({
      warnings: await checkDatabase(database, key),
      closedRuns: await closeRestoredRuns(database, new Date()),
    }));
    if (manifest.missing_artifacts.length > 0) {
      warnings.push(`${manifest.missing_artifacts.length} artefacts were missing or damaged when the backup was made.`);
    }
    if (config.secrets.encryptionKey === null) await writeDurably(keyFileOf(staging), keyText(key));
    await syncFolder(staging);
    const artifactCount = manifest.members.filter(({ name }) => ARTIFACT.test(name)).length;
    return { head, artifactCount, closedRuns, warnings };
  } finally {
    await reader.close();
  }
}

async function readHead(reader: ArchiveReader): Promise<{ head: BackupHead; member: BackupMember }> {
  const entry = await reader.next();
  if (entry?.name !== HEAD) throw damaged('it does not begin as a backup of Plomada does');
  const { text, member } = await reader.readText(entry);
  const head = parse<BackupHead>(text);
  if (head.product !== 'plomada' || head.format !== 1) {
    throw new OperationRefusedError(
      'This backup was made by a newer version of Plomada. Restore it with that version.',
    );
  }
  const known = new Set(MIGRATIONS.map((migration) => migration.name));
  const unknown = head.migrations.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new OperationRefusedError(
      `This backup was made by Plomada ${head.product_version}, whose database is newer (${unknown.join(', ')}). Restore it with that version.`,
    );
  }
  return { head, member };
}

/** The key that opens the secrets of the backup. @throws OperationRefusedError when there is none, or another */
async function keyOf(config: PlomadaConfig, head: BackupHead, passphrase: string | null): Promise<Buffer> {
  const given = config.secrets.encryptionKey;
  if (head.encryption_key === null) {
    if (given !== null) return given;
    throw new OperationRefusedError(
      'This backup holds no encryption key. Give the one it was made with as ENCRYPTION_KEY or ENCRYPTION_KEY_FILE.',
    );
  }
  if (passphrase === null) {
    throw new OperationRefusedError(
      'The encryption key in this backup is locked. Give its passphrase as BACKUP_PASSPHRASE or BACKUP_PASSPHRASE_FILE.',
    );
  }
  const key = await unwrapKey(head.encryption_key, passphrase);
  if (given !== null && !given.equals(key)) {
    throw new OperationRefusedError('ENCRYPTION_KEY is set, and is not the key of this backup. Leave it out.');
  }
  return key;
}

async function unpackMembers(
  reader: ArchiveReader,
  head: BackupMember,
  staging: string,
  databaseName: string,
): Promise<BackupManifest> {
  const seen = [head];
  for (;;) {
    const entry = await reader.next();
    if (!entry) throw damaged('its manifest is missing');
    if (entry.name === MANIFEST) {
      const manifest = parse<BackupManifest>((await reader.readText(entry)).text);
      compare(seen, manifest.members);
      return manifest;
    }
    seen.push(await reader.copyTo(entry, await placeOf(entry.name, staging, databaseName)));
  }
}

/** Where a member goes; a name that we do not write goes nowhere. */
async function placeOf(name: string, staging: string, databaseName: string): Promise<string> {
  if (name === DATABASE) return join(staging, databaseName);
  const [, folder] = ARTIFACT.exec(name) ?? [];
  if (folder === undefined) throw damaged('it holds a file that is not of a backup');
  await mkdir(join(staging, 'artifacts', folder), { recursive: true, mode: 0o700 });
  return join(staging, name);
}

function compare(seen: BackupMember[], wanted: BackupMember[]): void {
  const hashes = new Map(seen.map((member) => [member.name, member]));
  if (!hashes.has(DATABASE) || hashes.size !== wanted.length) throw damaged('members are missing');
  for (const { name, size, sha256 } of wanted) {
    const found = hashes.get(name);
    if (found?.sha256 !== sha256 || found.size !== size) throw damaged(`${name} is not what was written`);
  }
}

/** @throws OperationRefusedError when the database is damaged, or the key opens nothing of it */
async function checkDatabase(database: SqliteFile, key: Buffer): Promise<string[]> {
  const [check] = await database.all('PRAGMA integrity_check(1)').catch(() => []);
  if (check?.integrity_check !== 'ok') throw damaged('its database fails the integrity check');
  if ((await database.all('PRAGMA foreign_key_check')).length > 0) {
    throw damaged('rows of its database have no parents');
  }
  const { readable, unreadable } = await countSecrets(database, key);
  if (unreadable.length === 0) return [];
  if (readable === 0) {
    throw new OperationRefusedError('The encryption key opens none of the secrets in this backup: it is another one.');
  }
  return [`${unreadable.length} stored secrets cannot be read with the encryption key: npm run doctor says which.`];
}

/** Into a DATA_DIR that is there already. The database comes last: without it, this can be begun again. */
async function moveIn(staging: string, dataDir: string, databaseName: string): Promise<void> {
  const names = readdirSync(staging).filter((name) => name !== databaseName);
  for (const name of names) await rename(join(staging, name), join(dataDir, name));
  await syncFolder(dataDir);
  await renameDurably(join(staging, databaseName), join(dataDir, databaseName));
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw damaged('its description cannot be read');
  }
}
