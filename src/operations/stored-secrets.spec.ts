import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getMetadataArgsStorage } from 'typeorm';
import { ENTITIES } from '../entities';
import { ARTIFACT_COLUMNS, SEALED_BLOBS, SEALED_COLUMNS } from './stored-secrets';

const SRC = join(__dirname, '..');

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith('operations/'))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), 'utf8') }));

/** `table.column` of every column of every entity, with the comment above it. */
function columns(): { name: string; comment: string }[] {
  const metadata = getMetadataArgsStorage();
  return ENTITIES.flatMap((entity) => {
    const chain: unknown[] = [];
    for (let each: unknown = entity; typeof each === 'function' && each.name; each = Object.getPrototypeOf(each)) {
      chain.push(each);
    }
    const table = metadata.tables.find(({ target }) => target === entity)?.name ?? '';
    return metadata.columns
      .filter(({ target }) => chain.includes(target))
      .map(({ target, propertyName, options }) => ({
        name: `${table}.${options.name ?? propertyName}`,
        comment: commentOf((target as { name: string }).name, propertyName),
      }));
  });
}

function commentOf(className: string, property: string): string {
  const file = sources.find(({ text }) => new RegExp(`class ${className}\\b`).test(text));
  if (!file) throw new Error(`There is no source of ${className}.`);
  const before = file.text.slice(0, new RegExp(`^  ${property}[!?]:`, 'm').exec(file.text)?.index ?? 0);
  // The decorators are between the comment and the property.
  return /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*(?:@\w+\((?:[^()]|\([^()]*\))*\)\s*)*$/.exec(before)?.[1] ?? '';
}

const named = ({ table, column }: { table: string; column: string }): string => `${table}.${column}`;

describe('what a rotation of the key seals anew', () => {
  it('is every column whose comment says that it is encrypted', () => {
    const encrypted = columns().filter(({ comment }) => /encrypt|seal/i.test(comment));
    expect(encrypted.map(({ name }) => name).sort()).toEqual([...SEALED_COLUMNS, SEALED_BLOBS].map(named).sort());
  });

  it('is what these places seal: whoever adds one adds its column, and a comment that says "Encrypted."', () => {
    const counts = sources.map(({ name, text }) => [name, text.match(/\.seal\(/g)?.length ?? 0] as const);
    expect(Object.fromEntries(counts.filter(([, count]) => count > 0))).toEqual({
      'deployments/deployments.service.ts': 4,
      // A file of the working directory: no key is rotated while a run has one.
      'deployments/execution/run-inputs.ts': 1,
      'deployments/execution/run-secrets.ts': 1,
      'git/remote-secrets.ts': 1,
      'signing/signing-keys.service.ts': 1,
      'sources/source-changes.ts': 2,
      'sources/webhook-tokens.service.ts': 1,
      // Two of a sensitive variable; the other three pass through here.
      'variables/deployment-variables.service.ts': 1,
      'variables/variable-sealer.service.ts': 2,
      'variables/variable-sets.service.ts': 2,
    });
  });

  it('is what the key encrypts: other keys that are derived from it protect nothing that is kept', () => {
    const purposes = sources.flatMap(({ text }) =>
      [...text.matchAll(/keys\.for\('([^']+)'\)/g)].map(([, name]) => name),
    );
    // The marks of environments say themselves that they are of another key.
    expect(purposes.sort()).toEqual([
      'artifact links',
      'environments of plans',
      'registry tokens of runs',
      'state tokens of runs',
      'states',
    ]);
    const holders = sources.filter(({ text }) => /createCipheriv/.test(text)).map(({ name }) => name);
    expect(holders.sort()).toEqual(['crypto/secret-box.ts', 'state/sealed-state.ts']);
  });
});

describe('what a backup takes along', () => {
  it('is every column that holds the hash of an artefact', () => {
    const notArtifacts = ['state_versions.sha256', 'runs.plan_sha256', 'runs.commit_sha', 'builds.commit_sha'];
    const hashes = columns()
      .map(({ name }) => name)
      .filter(
        (name) => /sha/.test(name.split('.')[1]!) && !name.endsWith('.commit_sha') && !notArtifacts.includes(name),
      );
    expect(hashes.sort()).toEqual(ARTIFACT_COLUMNS.map(named).sort());
  });

  it('is what the rooms say they need', () => {
    const asking = sources.filter(({ text }) => /references\.register\(/.test(text)).map(({ name }) => name);
    expect(asking.sort()).toEqual([
      'modules/module-downloads.service.ts',
      'providers/provider-downloads.service.ts',
      'state/states.service.ts',
    ]);
  });
});
