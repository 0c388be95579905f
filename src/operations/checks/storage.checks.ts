import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { newId } from '../../common/ids';
import type { PlomadaConfig } from '../../config/config';
import { MIGRATIONS } from '../../database/migrations';
import { artifactPath, referencedArtifacts } from '../artifact-files';
import type { SqliteFile } from '../sqlite-file';
import { type Finding, fail, ok, warn } from './finding';

const MIB = 2 ** 20;
const LITTLE = 1024 * MIB;
const HARDLY_ANY = 64 * MIB;
const CLOCK_TOLERANCE_MS = 5_000;

/** DATA_DIR and WORK_ROOT: writable, space, modes; and whether their clock is ours. */
export async function checkFolders({ storage, runs }: PlomadaConfig): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, folder] of [
    ['DATA_DIR', storage.dataDir],
    ['WORK_ROOT', storage.workRoot],
  ] as const) {
    const found = await stat(folder).catch(() => null);
    if (!found) findings.push(ok(name, `${folder} is not there; the first start makes it.`));
    else if (!found.isDirectory()) findings.push(fail(name, `${folder} is not a folder.`));
    else findings.push(await checkFolder(name, folder));
  }
  const passable = runs.runnerUser ? 0o011 : 0;
  for (const [path, allowed] of [
    [storage.dataDir, passable],
    [join(storage.dataDir, 'encryption.key'), 0],
    [join(storage.dataDir, 'admin.key'), 0],
    [storage.databaseFile, 0],
  ] as const) {
    const found = await stat(path).catch(() => null);
    if (found && (found.mode & 0o077 & ~allowed) !== 0) {
      findings.push(warn('modes', `others can get at ${path}. Run: chmod go-rwx '${path}'`));
    }
  }
  return findings;
}

async function checkFolder(name: string, folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const space = `${Math.round(free / MIB)} MiB free`;
  const probe = join(folder, `.doctor-${newId()}`);
  try {
    await writeFile(probe, '', { flag: 'wx', mode: 0o600 });
    const skew = Math.abs((await stat(probe)).mtimeMs - Date.now());
    if (skew > CLOCK_TOLERANCE_MS) {
      return warn(name, `the clock of ${folder} is ${Math.round(skew / 1000)} s off: set the clocks of both machines.`);
    }
  } catch (error) {
    return fail(name, `${folder} cannot be written (${(error as NodeJS.ErrnoException).code}): give it to this user.`);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
  if (free < HARDLY_ANY) return fail(name, `${folder}: hardly any space left (${space}). Make room.`);
  return free < LITTLE ? warn(name, `${folder}: little space left (${space}).`) : ok(name, `${folder}, ${space}`);
}

/** The database is whole, and of this version; nothing in it is from the future. */
export async function checkDatabase(database: SqliteFile): Promise<Finding[]> {
  const [check] = await database.all('PRAGMA quick_check(1)').catch(() => []);
  if (check?.quick_check !== 'ok')
    return [fail('database', 'the file is damaged: stop the server and restore a backup.')];
  const findings = [ok('database', 'intact')];
  const orphans = await database.all('PRAGMA foreign_key_check');
  if (orphans.length > 0)
    findings.push(fail('database', `${orphans.length} rows are without their parents: restore a backup.`));
  const known = MIGRATIONS.map((migration) => migration.name);
  const applied = await database.migrations();
  const unknown = applied.filter((name) => !known.includes(name));
  const pending = known.filter((name) => !applied.includes(name));
  if (unknown.length > 0)
    findings.push(fail('schema', `of a newer version (${unknown.join(', ')}): start that version.`));
  else if (pending.length > 0)
    findings.push(warn('schema', `${pending.length} migrations pending: the next start runs them.`));
  else findings.push(ok('schema', applied.at(-1) ?? ''));
  if (await database.hasTable('audit_entries')) {
    const [latest] = await database.all('SELECT max(at) AS at FROM audit_entries');
    const ahead = Date.parse(String(latest?.at)) - Date.now();
    findings.push(
      ahead > CLOCK_TOLERANCE_MS
        ? warn('clock', `the audit trail is ${Math.round(ahead / 1000)} s ahead of this clock: set the clock.`)
        : ok('clock', new Date().toISOString()),
    );
  }
  return findings;
}

/** Every artefact that the database names is there and, with `isDeep`, is what its name says. */
export async function checkArtifacts(
  database: SqliteFile,
  { storage }: PlomadaConfig,
  isDeep: boolean,
): Promise<Finding> {
  const missing: string[] = [];
  const corrupt: string[] = [];
  let count = 0;
  for await (const sha256 of referencedArtifacts(database)) {
    count++;
    const path = artifactPath(storage.dataDir, sha256);
    if (!(await stat(path).catch(() => null))) missing.push(sha256);
    else if (isDeep && (await hashOf(path)) !== sha256) corrupt.push(sha256);
  }
  if (missing.length + corrupt.length === 0) {
    return ok('artifacts', `${count} there${isDeep ? ' and intact' : '; --deep reads them too'}`);
  }
  const list = (names: string[]): string => names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  return fail(
    'artifacts',
    [
      ...(missing.length > 0 ? [`${missing.length} of ${count} missing (${list(missing)})`] : []),
      ...(corrupt.length > 0 ? [`${corrupt.length} of ${count} damaged (${list(corrupt)})`] : []),
    ].join('; ') + ': copy artifacts/ from a backup, or publish these versions anew.',
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
