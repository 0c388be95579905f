import { join } from 'node:path';
import type { SqliteFile } from './sqlite-file';
import { ARTIFACT_COLUMNS } from './stored-secrets';

const AT_ONCE = 1000;

/** Where the file store keeps an artefact (`FileArtifactStore`). */
export function artifactPath(dataDir: string, sha256: string): string {
  return join(dataDir, 'artifacts', sha256.slice(0, 2), sha256);
}

/** The hashes of all artefacts that a database refers to, each once, in order. */
export async function* referencedArtifacts(database: SqliteFile): AsyncGenerator<string> {
  const selects: string[] = [];
  for (const { table, column } of ARTIFACT_COLUMNS) {
    if (await database.hasTable(table)) selects.push(`SELECT "${column}" AS sha FROM "${table}"`);
  }
  if (selects.length === 0) return;
  for (let after = ''; ;) {
    const rows = await database.all(
      `SELECT DISTINCT sha FROM (${selects.join(' UNION ALL ')}) WHERE sha > ? ORDER BY sha LIMIT ${AT_ONCE}`,
      [after],
    );
    for (const { sha } of rows) yield String(sha);
    if (rows.length < AT_ONCE) return;
    after = String(rows.at(-1)?.sha);
  }
}

/** Whether a database refers to an artefact. */
export async function isReferenced(database: SqliteFile, sha256: string): Promise<boolean> {
  for (const { table, column } of ARTIFACT_COLUMNS) {
    if (!(await database.hasTable(table))) continue;
    if ((await database.all(`SELECT 1 FROM "${table}" WHERE "${column}" = ? LIMIT 1`, [sha256])).length > 0)
      return true;
  }
  return false;
}
