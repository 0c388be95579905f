import { existsSync } from 'node:fs';
import type { PlomadaConfig } from '../../config/config';
import { keyFileOf, presentKey } from '../key-file';
import { countSecrets, countStates } from '../secret-check';
import type { SqliteFile } from '../sqlite-file';
import { type Finding, fail, ok, warn } from './finding';

/** States that are tried without `--deep`. */
const SAMPLE = 20;

/** The encryption key is there and opens what is stored. @param database null while there is none */
export async function checkKey(
  config: PlomadaConfig,
  database: SqliteFile | null,
  isDeep: boolean,
): Promise<Finding[]> {
  const { dataDir } = config.storage;
  const file = keyFileOf(dataDir);
  const findings: Finding[] = [];
  if ([`${file}.old`, `${file}.next`].some((path) => existsSync(path))) {
    findings.push(fail('encryption key', 'a rotation was interrupted. Stop the server and run: npm run rotate-key'));
  }
  const key = presentKey(config);
  if (key === null) {
    const isFresh = database === null && !existsSync(file);
    findings.push(
      isFresh
        ? ok('encryption key', 'not there; the first start makes it.')
        : fail(
            'encryption key',
            'missing or damaged: restore encryption.key, or give ENCRYPTION_KEY as for the server.',
          ),
    );
    return findings;
  }
  if (config.secrets.encryptionKey !== null && existsSync(file)) {
    findings.push(
      warn('encryption key', 'ENCRYPTION_KEY is used; encryption.key is there too. Remove it if it is not needed.'),
    );
  }
  if (database === null) return [...findings, ok('encryption key', 'there')];
  const secrets = await countSecrets(database, key);
  const states = await countStates(database, key, dataDir, isDeep ? 1_000_000_000 : SAMPLE);
  const unreadable = [...secrets.unreadable, ...states.unreadable];
  if (unreadable.length === 0) {
    findings.push(ok('encryption key', `opens all of ${secrets.readable} secrets and ${states.readable} states`));
    return findings;
  }
  const byKind = new Map<string, number>();
  for (const place of unreadable) {
    const kind = place.split(' ')[0] ?? '';
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  }
  const kinds = [...byKind].map(([kind, count]) => `${count} of ${kind}`).join(', ');
  findings.push(
    fail(
      'encryption key',
      `cannot open ${kinds}. If it is the wrong key, give the right one; else set these secrets anew.`,
    ),
  );
  return findings;
}
