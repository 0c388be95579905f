import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEALED_COLUMNS } from '../../../src/operations/stored-secrets';
import {
  change,
  cleanUp,
  expectAllThere,
  fill,
  type Filled,
  operate,
  query,
  ROOT,
  runNode,
  Server,
} from './filled-server';

const SEALED = /^v1\.[A-Za-z0-9+/]{38,}={0,2}$/;
const OPERATIONS = join(ROOT, 'dist', 'src', 'operations');

/** A program that rotates the key and is killed when it reaches a point. */
const killedAt = (point: string, given: string | null): string => `
  const { rotateKey } = require(${JSON.stringify(join(OPERATIONS, 'rotate-key.js'))});
  const { loadConfig } = require(${JSON.stringify(join(OPERATIONS, '..', 'config', 'load-config.js'))});
  rotateKey(loadConfig(process.env), ${JSON.stringify(given)}, (point) => {
    if (point === '${point}') process.kill(process.pid, 'SIGKILL');
  }).then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

describe('rotate-key', () => {
  let folder: string;
  let pristine: string;
  let adminKey: string;
  let filled: Filled;
  let number = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plomada-rotate-'));
    pristine = join(folder, 'pristine');
    const server = await Server.start(pristine);
    adminKey = server.process.adminKey;
    filled = await fill(server);
    await server.process.kill('SIGTERM');
  });
  afterAll(() => cleanUp(folder));

  const freshCopy = (): string => {
    const copy = join(folder, `copy-${++number}`);
    cpSync(pristine, copy, { recursive: true });
    return copy;
  };
  const keyOf = (dataDir: string): string => readFileSync(join(dataDir, 'encryption.key'), 'utf8');
  const keyFiles = (dataDir: string): string[] => readdirSync(dataDir).filter((name) => name.startsWith('encryption'));
  const expectServed = async (dataDir: string, env: Record<string, string> = {}): Promise<void> => {
    const server = await Server.start(dataDir, env);
    expect(server.process.adminKey).toBe(adminKey);
    await expectAllThere(server, filled);
    await server.process.kill('SIGTERM');
    const looked = await operate('doctor', ['--deep'], { DATA_DIR: dataDir, PORT: '0', ...env });
    expect(looked.out).toMatch(/ok {3}encryption key: opens all of [1-9]\d* secrets and 2 states/);
  };

  it('seals everything anew, and nothing opens with the old key any more', async () => {
    const dataDir = freshCopy();
    const [old, blobs] = [keyOf(dataDir), await query(dataDir, 'SELECT id, blob_sha256 FROM state_versions')];
    const result = await operate('rotate-key', [], { DATA_DIR: dataDir });
    expect(result).toMatchObject({ code: 0, out: expect.stringMatching(/Sealed \d+ secrets and 2 states/) });
    expect(keyOf(dataDir)).not.toBe(old);
    expect(result.out).not.toContain(keyOf(dataDir).trim());
    expect(keyFiles(dataDir)).toEqual(['encryption.key']);
    expect(await query(dataDir, 'SELECT id, blob_sha256 FROM state_versions')).not.toEqual(blobs);
    await expectServed(dataDir);
    const withOld = await operate('doctor', ['--deep'], { DATA_DIR: dataDir, PORT: '0', ENCRYPTION_KEY: old.trim() });
    expect(withOld.code).toBe(1);
    for (const kind of ['deployments.git_password', 'modules.webhook_token', 'deployment_variables.value']) {
      expect(withOld.out).toContain(`1 of ${kind}`);
    }
    expect(withOld.out).toContain('1 of signing_keys.private_key');
    expect(withOld.out).toContain('2 of state_versions');
  });

  it('every value of any table that looks sealed is in a column that is sealed anew', async () => {
    const known = new Set(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`));
    const found = new Set<string>();
    for (const { name } of await query(pristine, `SELECT name FROM sqlite_master WHERE type = 'table'`)) {
      for (const row of await query(pristine, `SELECT * FROM "${String(name)}"`)) {
        for (const [column, value] of Object.entries(row)) {
          if (typeof value === 'string' && SEALED.test(value)) found.add(`${String(name)}.${column}`);
        }
      }
    }
    expect(found.size).toBeGreaterThanOrEqual(4);
    for (const place of found) expect(known).toContain(place);
  });

  it.each(['keys-written', 'states-written', 'before-commit', 'after-commit', 'key-switched'])(
    'SIGKILL at %s: no server starts with the wrong key, and running it again finishes it',
    async (point) => {
      const dataDir = freshCopy();
      const old = keyOf(dataDir);
      expect((await runNode(['-e', killedAt(point, null)], { DATA_DIR: dataDir })).code).toBeNull();
      const isBetween = point === 'before-commit' || point === 'after-commit';
      if (isBetween) {
        // Neither key is in its place: a server must not store secrets with the wrong one.
        await expect(Server.start(dataDir)).rejects.toThrow(/encryption\.key/);
        const looked = await operate('doctor', [], { DATA_DIR: dataDir, PORT: '0' });
        expect(looked).toMatchObject({ code: 1, out: expect.stringContaining('npm run rotate-key') });
      } else {
        const server = await Server.start(dataDir);
        await expectAllThere(server, filled);
        await server.process.kill('SIGTERM');
      }
      expect(await operate('rotate-key', [], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
      expect(keyFiles(dataDir)).toEqual(['encryption.key']);
      expect(keyOf(dataDir)).not.toBe(old);
      await expectServed(dataDir);
    },
  );

  it.each(['states-written', 'before-commit', 'after-commit'])(
    'a key that the operator keeps, SIGKILL at %s: exactly one of the two keys opens everything',
    async (point) => {
      const dataDir = freshCopy();
      const old = keyOf(dataDir).trim();
      rmSync(join(dataDir, 'encryption.key'));
      const next = randomBytes(32).toString('base64');
      const env = { DATA_DIR: dataDir, ENCRYPTION_KEY: old };
      expect((await runNode(['-e', killedAt(point, next)], env)).code).toBeNull();
      const right = point === 'after-commit' ? next : old;
      await expectServed(dataDir, { ENCRYPTION_KEY: right });
      const other = { ENCRYPTION_KEY: right === old ? next : old };
      expect((await operate('doctor', [], { DATA_DIR: dataDir, PORT: '0', ...other })).code).toBe(1);
      await expect(Server.start(dataDir, other)).rejects.toThrow(/opens nothing of what is stored/);
      const again = await operate('rotate-key', [], { ...env, NEW_ENCRYPTION_KEY: next });
      expect(again).toMatchObject({ code: 0 });
      await expectServed(dataDir, { ENCRYPTION_KEY: next });
      expect(existsSync(join(dataDir, 'encryption.key'))).toBe(false);
    },
  );

  it('refuses while a server runs, for a key that is none, for the same key, and without a new one', async () => {
    const dataDir = freshCopy();
    const key = keyOf(dataDir).trim();
    const run = (env: Record<string, string>) => operate('rotate-key', [], { DATA_DIR: dataDir, ...env });
    expect(await run({ NEW_ENCRYPTION_KEY: 'abc' })).toMatchObject({
      code: 1,
      out: expect.stringContaining('32 bytes'),
    });
    expect(await run({ NEW_ENCRYPTION_KEY: key })).toMatchObject({
      code: 1,
      out: expect.stringContaining('present key'),
    });
    expect(await run({ ENCRYPTION_KEY: key })).toMatchObject({
      code: 1,
      out: expect.stringContaining('NEW_ENCRYPTION_KEY_FILE'),
    });
    const server = await Server.start(dataDir);
    expect(await run({})).toMatchObject({ code: 1, out: expect.stringContaining('Another Plomada server') });
    await server.process.kill('SIGTERM');
    expect(keyOf(dataDir).trim()).toBe(key);
    await expectServed(dataDir);
  });

  it('refuses, and changes nothing, while a secret cannot be read or a run has begun', async () => {
    const dataDir = freshCopy();
    const before = await query(dataDir, 'SELECT git_password FROM deployments');
    await change(dataDir, `UPDATE modules SET webhook_token = 'v1.AAAA' || webhook_token`);
    const refused = await operate('rotate-key', [], { DATA_DIR: dataDir });
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('modules.webhook_token') });
    expect(await query(dataDir, 'SELECT git_password FROM deployments')).toEqual(before);
    const busy = freshCopy();
    await change(busy, `UPDATE runs SET status = 'awaiting_approval'`);
    expect(await operate('rotate-key', [], { DATA_DIR: busy })).toMatchObject({
      code: 1,
      out: expect.stringContaining('1 runs have begun'),
    });
    expect(keyOf(busy)).toBe(keyOf(pristine));
  });

  it('takes a new key from a file', async () => {
    const dataDir = freshCopy();
    const next = randomBytes(32).toString('base64');
    writeFileSync(join(folder, 'next'), `${next}\n`);
    expect(
      (await operate('rotate-key', [], { DATA_DIR: dataDir, NEW_ENCRYPTION_KEY_FILE: join(folder, 'next') })).code,
    ).toBe(0);
    expect(keyOf(dataDir).trim()).toBe(next);
    await expectServed(dataDir);
  });
});
