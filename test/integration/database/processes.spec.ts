import { once } from 'node:events';
import { join } from 'node:path';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ServerLock, ServerLockedError } from '../../../src/database/server-lock';
import { ServerProgram } from '../../support/server-program';
import { ADMIN_KEY, startTestServer, TestServer } from '../../support/test-server';
import { startProgram, WRITE_ON } from './child-programs';
import { countGroups, DatabaseFolder } from './temporary-database';

describe('SIGKILL in the middle of writes', () => {
  it('loses no unit that was acknowledged, and stores none by half', async () => {
    const folder = new DatabaseFolder();
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const child = startProgram(WRITE_ON, folder.file, String(round));
      const wanted = acknowledged.length + 40 + round * 37;
      for await (const line of createInterface(child.stdout)) {
        acknowledged.push(line);
        if (acknowledged.length === wanted) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');

      const database = await folder.open();
      const stored = await countGroups(database);
      expect(acknowledged.filter((unit) => stored.get(unit) !== 2)).toEqual([]);
      expect([...stored].filter(([, rows]) => rows !== 2)).toEqual([]);
      expect(await database.writer.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      await database.close();
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(40 + 77 + 114);
    folder.forget();
  });
});

describe('a second server on the same database file', () => {
  let first: TestServer;
  const programs: ServerProgram[] = [];
  const start = (env: Record<string, string>): ServerProgram => {
    const program = ServerProgram.start({ ADMIN_API_KEY: ADMIN_KEY, LOG_LEVEL: 'info', ...env });
    programs.push(program);
    return program;
  };

  beforeAll(async () => {
    first = await startTestServer();
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.stop('SIGKILL')));
    await first.stop();
  });

  it('is refused in the same process', async () => {
    await expect(startTestServer({}, first.dataDir)).rejects.toThrow(ServerLockedError);
    expect((await first.request('POST', '/api/namespaces', { name: 'still-there' })).status).toBe(201);
  });

  it('is refused in another process, which says who is there and what to do, and ends with 1', async () => {
    const second = start({ DATA_DIR: first.dataDir });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(new RegExp(`Another Plomada server works on .*process ${process.pid} since`));
    expect(second.stderr).toContain('DATA_DIR');
    expect(second.stderr).not.toMatch(/\n\s+at /);
    expect(second.stdout).not.toContain('listening');
    expect((await first.request('POST', '/api/namespaces', { name: 'also-there' })).status).toBe(201);
  });

  it('is refused also when it names the file through a link', async () => {
    const folder = new DatabaseFolder();
    mkdirSync(join(folder.directory, 'other'));
    const link = join(folder.directory, 'other', 'linked.db');
    const lock = await ServerLock.take(folder.file);
    await folder.open().then((database) => database.close());
    symlinkSync(folder.file, link);
    await expect(ServerLock.take(link)).rejects.toThrow(ServerLockedError);
    await lock.release();
    folder.forget();
  });

  it('is welcome as soon as the first was killed, and finds all that was acknowledged', async () => {
    const folder = new DatabaseFolder();
    const killed = start({ DATA_DIR: folder.directory });
    const url = await killed.listening();
    const created: string[] = [];
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let number = 0; ; number++) {
        const name = `n-${writer}-${number}`;
        const answer = await post(url, { name }).catch(() => null);
        if (answer?.status !== 201) return;
        created.push(name);
        if (created.length === 30) void killed.stop('SIGKILL');
      }
    });
    await Promise.all(writers);
    expect(await killed.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(created.length).toBeGreaterThanOrEqual(30);

    const next = start({ DATA_DIR: folder.directory });
    const nextUrl = await next.listening();
    const found = await Promise.all(
      created.map(async (name) => (await get(nextUrl, `/api/namespaces/${name}`)).status),
    );
    expect(found).toEqual(created.map(() => 200));
    expect(await next.stop()).toEqual({ code: 0, signal: null });
    folder.forget();
  });
});

const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };

function post(url: string, body: unknown): Promise<Response> {
  return fetch(`${url}/api/namespaces`, { method: 'POST', headers, body: JSON.stringify(body) });
}

function get(url: string, path: string): Promise<Response> {
  return fetch(`${url}${path}`, { headers });
}
