import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import {
  cleanUp,
  expectAllThere,
  fill,
  type Filled,
  operate,
  PASSPHRASE,
  query,
  Server,
  CANARY,
  ROOT,
  change,
} from './filled-server';

const stepping = (folder: string): string => `
resource "terraform_data" "steps" {
  provisioner "local-exec" {
    command = "echo applied >> ${folder}/ledger; while [ ! -e ${folder}/go ]; do sleep 0.05; done"
  }
}
`;

describe('backup and restore', () => {
  let folder: string;
  let source: string;
  let server: Server;
  let filled: Filled;
  const secret = { BACKUP_PASSPHRASE: PASSPHRASE };
  const at = (name: string): string => join(folder, name);
  const backUp = (file: string, env: Record<string, string> = secret, dataDir = source) =>
    operate('backup', [file], { DATA_DIR: dataDir, ...env });
  const restore = (file: string, dataDir: string, env: Record<string, string> = secret) =>
    operate('restore', [file], { DATA_DIR: dataDir, ...env });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plomada-backup-'));
    source = at('data');
    server = await Server.start(source);
    filled = await fill(server, { 'main.tf': stepping(folder) });
    expect((await backUp(at('live.tar'))).out).toContain('Wrote');
  });
  afterAll(() => cleanUp(folder));

  it('while a server writes: one consistent file, with the rights of nobody else, that a server starts from', async () => {
    let isOver = false;
    const writing = (async () => {
      for (let number = 0; !isOver; number++) {
        await server.ask('POST', '/api/namespaces', { name: `space-${number}`, description: '' });
      }
    })();
    const made = await backUp(at('busy.tar'));
    isOver = true;
    await writing;
    expect(made).toMatchObject({ code: 0 });
    expect(statSync(at('busy.tar')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => /partial|^\./.test(name))).toEqual([]);
    expect((await restore(at('busy.tar'), at('from-busy'))).code).toBe(0);
    const restored = await Server.start(at('from-busy'), {}, server.process.adminKey);
    await expectAllThere(restored, filled);
    expect((await operate('doctor', ['--deep'], { DATA_DIR: at('from-busy'), PORT: '0' })).out).not.toMatch(/^fail/m);
    await restored.process.kill('SIGKILL');
  });

  it('holds no secret in clear, no admin key, no working directory, and is a tar that anybody can list', () => {
    const content = readFileSync(at('live.tar'));
    const key = readFileSync(join(source, 'encryption.key'), 'utf8').trim();
    for (const text of [CANARY, key, server.process.adminKey, PASSPHRASE]) expect(content.includes(text)).toBe(false);
    expect(content.includes(Buffer.from(key, 'base64'))).toBe(false);
    const names = execFileSync('tar', ['tf', at('live.tar')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(names[0]).toBe('backup.json');
    expect(names[1]).toBe('plomada.db');
    expect(names.at(-1)).toBe('manifest.json');
    expect(names.slice(2, -1).every((name) => /^artifacts\/..\/[0-9a-f]{64}$/.test(name))).toBe(true);
    expect(names.slice(2, -1)).toHaveLength(3);
  });

  it('wants a passphrase, overwrites nothing, and never leaves a part of a file', async () => {
    expect(await backUp(at('no.tar'), {})).toMatchObject({ code: 1, out: expect.stringContaining('--without-key') });
    expect(await backUp(at('no.tar'), { BACKUP_PASSPHRASE: 'short' })).toMatchObject({ code: 1 });
    expect(existsSync(at('no.tar'))).toBe(false);
    const before = readFileSync(at('live.tar'));
    expect(await backUp(at('live.tar'))).toMatchObject({ code: 1, out: expect.stringContaining('there already') });
    expect(readFileSync(at('live.tar')).equals(before)).toBe(true);
    writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
    expect((await backUp(at('file.tar'), { BACKUP_PASSPHRASE_FILE: at('passphrase') })).code).toBe(0);
    expect((await restore(at('file.tar'), at('from-file'))).code).toBe(0);
  });

  it('without the key: says so, and is restored with the key alone', async () => {
    const made = await operate('backup', ['--without-key', at('keyless.tar')], { DATA_DIR: source });
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining('Warning: The encryption key is not in') });
    expect(await restore(at('keyless.tar'), at('keyless'), {})).toMatchObject({
      code: 1,
      out: expect.stringContaining('ENCRYPTION_KEY_FILE'),
    });
    expect(existsSync(at('keyless'))).toBe(false);
    const key = { ENCRYPTION_KEY_FILE: join(source, 'encryption.key') };
    expect((await restore(at('keyless.tar'), at('keyless'), key)).code).toBe(0);
    const restored = await Server.start(at('keyless'), key, server.process.adminKey);
    await expectAllThere(restored, filled);
    await restored.process.kill('SIGKILL');
  });

  it('refuses a filled DATA_DIR, and one with a server, and a wrong passphrase, and leaves nothing behind', async () => {
    expect(await restore(at('live.tar'), source)).toMatchObject({ code: 1, out: expect.stringContaining('Another') });
    mkdirSync(at('filled'));
    writeFileSync(join(at('filled'), 'mine'), '');
    expect(await restore(at('live.tar'), at('filled'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('not empty (mine)'),
    });
    expect(readdirSync(at('filled'))).toEqual(['mine']);
    expect(await restore(at('live.tar'), at('wrong'), { BACKUP_PASSPHRASE: 'another passphrase' })).toMatchObject({
      code: 1,
      out: expect.stringContaining('BACKUP_PASSPHRASE is not the one'),
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('wrong'))).toEqual([]);
  });

  it('into a folder that is there, as a mounted volume is', async () => {
    mkdirSync(at('volume'));
    expect((await restore(at('live.tar'), at('volume'))).code).toBe(0);
    expect(readdirSync(at('volume')).sort()).toEqual(['artifacts', 'encryption.key', 'plomada.db']);
  });

  it('refuses a backup that was cut off, changed by one byte anywhere, or made by a newer version', async () => {
    const size = statSync(at('live.tar')).size;
    const refused = async (name: string, message: string): Promise<void> => {
      expect(await restore(at(name), at(`from-${name}`))).toMatchObject({
        code: 1,
        out: expect.stringContaining(message),
      });
      expect(readdirSync(folder).filter((entry) => entry.startsWith(`from-${name}`))).toEqual([]);
    };
    copyFileSync(at('live.tar'), at('cut.tar'));
    truncateSync(at('cut.tar'), Math.floor(size * 0.8));
    await refused('cut.tar', 'cannot be used');
    for (const place of [0.3, 0.6]) {
      const bytes = readFileSync(at('live.tar'));
      bytes[Math.floor(size * place)]! ^= 1;
      writeFileSync(at('flipped.tar'), bytes);
      await refused('flipped.tar', 'cannot be used');
    }
    const newer = readFileSync(at('live.tar'));
    const name = newer.indexOf('Initial1764000000000');
    newer.write('Initiax', name);
    writeFileSync(at('newer.tar'), newer);
    await refused('newer.tar', 'whose database is newer (Initiax1764000000000)');
    writeFileSync(at('text.tar'), 'hello');
    await refused('text.tar', 'cannot be used');
  });

  it('of a server that was killed: nothing that was acknowledged is missing', async () => {
    const copy = await Server.start(at('killed'));
    expect((await copy.ask('POST', '/api/namespaces', { name: 'last', description: '' })).status).toBe(201);
    await copy.process.kill('SIGKILL');
    expect(existsSync(join(at('killed'), 'plomada.db-wal'))).toBe(true);
    expect((await backUp(at('killed.tar'), secret, at('killed'))).code).toBe(0);
    expect((await restore(at('killed.tar'), at('from-killed'))).code).toBe(0);
    expect(await query(at('from-killed'), `SELECT name FROM namespaces WHERE name = 'last'`)).toHaveLength(1);
  });

  it('says what artefacts are missing, at backup, restore and by the doctor', async () => {
    rmSync(at('lossy'), { recursive: true, force: true });
    expect((await restore(at('live.tar'), at('lossy'))).code).toBe(0);
    rmSync(join(at('lossy'), 'artifacts', filled.archive.slice(0, 2), filled.archive));
    expect((await backUp(at('lossy.tar'), secret, at('lossy'))).out).toContain('1 artefacts are missing or damaged');
    expect((await restore(at('lossy.tar'), at('from-lossy'))).out).toContain('1 artefacts were missing or damaged');
    const looked = await operate('doctor', [], { DATA_DIR: at('from-lossy'), PORT: '0' });
    expect(looked).toMatchObject({
      code: 1,
      out: expect.stringContaining(`fail artifacts: 1 of 3 missing (${filled.archive})`),
    });
  });

  it('a version that is deleted under its hands: starts anew with another copy of the database', async () => {
    expect((await restore(at('live.tar'), at('moving'))).code).toBe(0);
    const rows = await query(
      at('moving'),
      'SELECT blob_sha256 AS sha FROM state_versions UNION SELECT sha256 FROM module_versions ORDER BY 1',
    );
    const [first, last] = [String(rows[0]!.sha), String(rows.at(-1)!.sha)];
    const pathOf = (sha: string): string => join(at('moving'), 'artifacts', sha.slice(0, 2), sha);
    // The backup stands still where it opens the first artefact: nobody writes to this pipe.
    renameSync(pathOf(first), at('kept'));
    execFileSync('mkfifo', [pathOf(first)]);
    const made = backUp(at('moving.tar'), secret, at('moving'));
    await eventually(
      'the copy of the database',
      () => existsSync(at('moving.tar.partial')) && statSync(at('moving.tar.partial')).size > 100_000,
    );
    await change(at('moving'), `DELETE FROM state_versions WHERE blob_sha256 = '${last}'`);
    await change(at('moving'), `DELETE FROM module_versions WHERE sha256 = '${last}'`);
    rmSync(pathOf(last));
    const pipe = openSync(pathOf(first), 'w');
    renameSync(at('kept'), pathOf(first));
    closeSync(pipe);
    expect(await made).toMatchObject({ code: 0, out: expect.stringContaining('2 artefacts') });
    expect((await made).out).not.toContain('Warning');
    expect(execFileSync('tar', ['tf', at('moving.tar')], { encoding: 'utf8' })).not.toContain(last);
  });

  it.each(['absent', 'there'])(
    'SIGKILL of a restore at any moment into a DATA_DIR that is %s: the next one does it',
    async (kind) => {
      for (const afterMs of [150, 300, 450, 600, 750]) {
        const dataDir = at(`killed-${kind}-${afterMs}`);
        if (kind === 'there') mkdirSync(dataDir);
        const child = spawn(process.execPath, [join(ROOT, 'dist/src/operations/main.js'), 'restore', at('live.tar')], {
          env: { PATH: process.env.PATH, DATA_DIR: dataDir, ...secret },
        });
        const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
        await once(child, 'close');
        clearTimeout(timer);
        if (!existsSync(join(dataDir, 'plomada.db'))) {
          expect(await restore(at('live.tar'), dataDir)).toMatchObject({ code: 0 });
        }
        expect(
          readdirSync(dataDir)
            .filter((name) => name !== '.restoring')
            .sort(),
        ).toEqual(['artifacts', 'encryption.key', 'plomada.db']);
        expect((await operate('doctor', ['--deep'], { DATA_DIR: dataDir, PORT: '0' })).out).not.toMatch(
          /^fail (?!DATA_DIR|WORK_ROOT)/m,
        );
      }
    },
  );

  it('runs that had not ended: none is applied a second time, whatever became of them since', async () => {
    const { deployment } = filled;
    deployment.server = server.driven;
    const applying = await deployment.start({ auto_approve: true });
    await eventually('the apply', () => existsSync(at('ledger')));
    const pending = await deployment.start({ auto_approve: true });
    expect((await backUp(at('running.tar'))).code).toBe(0);
    // The original goes on to the end of both.
    writeFileSync(at('go'), '');
    await deployment.reach(applying.id, 'success');
    await deployment.reach(pending.id, 'success');
    const ledger = readFileSync(at('ledger'), 'utf8');
    expect(await restore(at('running.tar'), at('from-running'))).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 runs had not ended'),
    });
    const restored = await Server.start(at('from-running'), {}, server.process.adminKey);
    deployment.server = restored.driven;
    for (const [id, status] of [
      [applying.id, 'applying'],
      [pending.id, 'pending'],
    ]) {
      const run = await deployment.get(id);
      expect(run).toMatchObject({ status: 'failed', error_message: expect.stringContaining(`was ${status} when`) });
      const stream = await deployment.stream(id);
      await stream.ended;
      expect(stream.events().at(-1)).toMatchObject({ event: 'end' });
    }
    // A new plan works, and nothing was applied in between.
    const lock = await restored.get(`${deployment.path}/state/lock`);
    if (lock !== null) await restored.ask('DELETE', `${deployment.path}/state/lock`);
    const fresh = await deployment.start({ operation: 'plan' });
    await deployment.reach(fresh.id, 'success');
    expect(readFileSync(at('ledger'), 'utf8')).toBe(ledger);
    await restored.process.kill('SIGKILL');
  });
});
