import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, spawnServer } from '../../support/server-process';
import { change, cleanUp, expectAllThere, fill, type Filled, operate, query, Server } from './filled-server';

const randomKey = (): string => randomBytes(32).toString('base64');

describe('the start of a server', () => {
  let folder: string;
  let pristine: string;
  let filled: Filled;
  let number = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plomada-wrong-key-'));
    pristine = join(folder, 'pristine');
    const server = await Server.start(pristine);
    filled = await fill(server);
    await server.process.kill('SIGTERM');
  });
  afterAll(() => cleanUp(folder));

  const freshCopy = (): string => {
    const copy = join(folder, `copy-${++number}`);
    cpSync(pristine, copy, { recursive: true });
    return copy;
  };
  const keyOf = (dataDir: string): string => readFileSync(join(dataDir, 'encryption.key'), 'utf8').trim();
  /** Every file but those of the lock and of SQLite's own for readers, with its hash. */
  const contentsOf = (dataDir: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(dataDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\.lock(\.holder)?$|-shm$|-wal$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
    );
  /** Starts a server that must end by itself. */
  const refusal = async (dataDir: string, env: Record<string, string> = {}): Promise<string> => {
    const port = await freePort();
    const before = contentsOf(dataDir);
    const { child, output } = spawnServer({ DATA_DIR: dataDir, PORT: String(port), ...env });
    let hasListened = false;
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    while (child.exitCode === null && child.signalCode === null) {
      hasListened ||= await fetch(`http://127.0.0.1:${port}/health/live`).then(
        () => true,
        () => false,
      );
    }
    expect(await ended).toBe(1);
    expect(hasListened).toBe(false);
    expect(contentsOf(dataDir)).toEqual(before);
    // A sentence for a person, and no stack.
    expect(output()).not.toMatch(/^\s+at /m);
    return output();
  };
  const expectStarts = async (dataDir: string, env: Record<string, string> = {}): Promise<void> => {
    const server = await Server.start(dataDir, env);
    await expectAllThere(server, filled);
    await server.process.kill('SIGTERM');
  };

  it('with another key is refused, says what to do, and leaves everything as it is for the right one', async () => {
    const dataDir = freshCopy();
    const wrong = randomKey();
    const said = await refusal(dataDir, { ENCRYPTION_KEY: wrong });
    expect(said).toContain('The encryption key (ENCRYPTION_KEY) opens nothing of what is stored');
    for (const hint of ['npm run doctor', 'npm run rotate-key', 'npm run restore', 'ENCRYPTION_KEY_LOST']) {
      expect(said).toContain(hint);
    }
    expect(said).not.toContain(wrong);
    const right = keyOf(dataDir);
    writeFileSync(join(dataDir, 'encryption.key'), wrong);
    expect(await refusal(dataDir)).toContain('The encryption key (encryption.key in DATA_DIR) opens nothing');
    // What it says helps: the doctor tells the right key from a wrong one.
    expect((await operate('doctor', [], { DATA_DIR: dataDir, PORT: '0', ENCRYPTION_KEY: right })).out).toMatch(
      /ok {3}encryption key: opens all/,
    );
    await expectStarts(dataDir, { ENCRYPTION_KEY: right });
  });

  it('without the key file is refused, and no other is made in its place', async () => {
    const dataDir = freshCopy();
    const right = keyOf(dataDir);
    rmSync(join(dataDir, 'encryption.key'));
    expect(await refusal(dataDir)).toContain('encryption.key in DATA_DIR is missing');
    expect(existsSync(join(dataDir, 'encryption.key'))).toBe(false);
    await expectStarts(dataDir, { ENCRYPTION_KEY: right });
  });

  it.each<[string, string[]]>([
    [
      'states alone',
      [
        'UPDATE deployments SET git_password = NULL',
        'UPDATE modules SET webhook_token = NULL',
        'UPDATE runs SET sensitive_env_vars = NULL',
        'DELETE FROM signing_keys',
        'DELETE FROM deployment_variables',
      ],
    ],
    [
      'one secret alone',
      ['DELETE FROM state_versions', 'DELETE FROM signing_keys', 'DELETE FROM deployment_variables'],
    ],
  ])('is refused with another key where %s is sealed', async (_what, statements) => {
    const dataDir = freshCopy();
    for (const statement of statements) await change(dataDir, statement);
    expect(await refusal(dataDir, { ENCRYPTION_KEY: randomKey() })).toContain('opens nothing');
    const server = await Server.start(dataDir);
    await server.process.kill('SIGTERM');
  });

  it('is possible with any key where nothing is sealed, and with the right one where something is damaged', async () => {
    const empty = join(folder, 'empty');
    for (const key of [randomKey(), randomKey()]) {
      const server = await Server.start(empty, { ENCRYPTION_KEY: key });
      await server.process.kill('SIGTERM');
    }
    const dataDir = freshCopy();
    await change(dataDir, `UPDATE deployments SET git_password = 'v1.AAAA' || git_password`);
    await change(dataDir, `UPDATE modules SET webhook_token = 'v1.AAAA'`);
    const server = await Server.start(dataDir);
    await server.process.kill('SIGTERM');
    expect(await refusal(dataDir, { ENCRYPTION_KEY: randomKey() })).toContain('opens nothing');
  });

  it('is possible without the right key when that is said to be lost, and once more when secrets were set anew', async () => {
    const dataDir = freshCopy();
    const key = randomKey();
    const server = await Server.start(dataDir, { ENCRYPTION_KEY: key, ENCRYPTION_KEY_LOST: 'true' });
    expect((await server.ask('GET', `/api/modules/${filled.moduleId}/webhook`)).status).toBe(409);
    expect((await server.ask('POST', `/api/modules/${filled.moduleId}/webhook`)).status).toBeLessThan(300);
    await server.process.kill('SIGTERM');
    const later = await Server.start(dataDir, { ENCRYPTION_KEY: key });
    await later.process.kill('SIGTERM');
  });

  it('checks a database of before against its key as well, before anything of it is changed', async () => {
    const dataDir = freshCopy();
    await change(dataDir, `DELETE FROM migrations WHERE name = 'StateOrder1764300000000'`);
    await change(dataDir, 'DROP INDEX uq_state_versions_seq');
    await change(dataDir, 'ALTER TABLE state_versions DROP COLUMN seq');
    await change(
      dataDir,
      'CREATE UNIQUE INDEX uq_state_versions_serial ON state_versions (deployment_id, path, serial)',
    );
    await refusal(dataDir, { ENCRYPTION_KEY: randomKey() });
    expect(readdirSync(dataDir).filter((name) => name.includes('.before-'))).toEqual([]);
    await expectStarts(dataDir);
    const columns = await query(dataDir, `SELECT name FROM pragma_table_info('state_versions') WHERE name = 'seq'`);
    expect(columns).toHaveLength(1);
  });
});
