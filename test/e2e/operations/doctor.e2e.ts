import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp, operate, Server } from './filled-server';

describe('doctor', () => {
  let folder: string;
  let dataDir: string;
  let server: Server;
  const look = (args: string[] = [], env: Record<string, string> = {}) =>
    operate('doctor', args, { DATA_DIR: dataDir, PORT: '0', ...env });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plomada-doctor-'));
    dataDir = join(folder, 'data');
    server = await Server.start(dataDir);
  });
  afterAll(() => cleanUp(folder));

  it('of a server that runs: nothing fails, and the public URL was asked', async () => {
    const { port } = new URL(server.process.url);
    const { code, out } = await look(['--deep'], { PORT: port });
    expect(out).toContain(`ok   PUBLIC_URL: http://127.0.0.1:${port} answers as a registry`);
    expect(out).toContain(`ok   PORT: 127.0.0.1:${port} is in use; a server is running`);
    expect(out).toMatch(/^ok {3}runner: iac-runner/m);
    expect(out).not.toMatch(/^(warn|fail) (?!DATA_DIR|WORK_ROOT)/m);
    expect(code).toBe(/^fail/m.test(out) ? 1 : 0);
    expect((await server.ask('GET', '/api/namespaces')).status).toBe(200);
  });

  it('says in JSON that a public URL is not ours, and the status says so too', async () => {
    const { code, out } = await look(['--json'], { PUBLIC_URL: 'http://127.0.0.1:9' });
    const answer = JSON.parse(out) as { ok: boolean; checks: { level: string; name: string }[] };
    expect(code).toBe(1);
    expect(answer.ok).toBe(false);
    expect(answer.checks).toContainEqual(expect.objectContaining({ level: 'fail', name: 'PUBLIC_URL' }));
  });

  it('lists every problem of the configuration', async () => {
    const { code, out } = await look([], { PORT: 'x', LOG_LEVEL: 'loud', ENCRYPTION_KEY: 'abc' });
    expect(code).toBe(1);
    expect(out.match(/^fail configuration: /gm)).toHaveLength(3);
  });

  it('sees a port that is taken, files that others can read, a tool that is not there', async () => {
    await server.process.kill('SIGTERM');
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = String(typeof address === 'object' && address ? address.port : 0);
    chmodSync(join(dataDir, 'encryption.key'), 0o644);
    const { code, out } = await look([], { PORT: port, RUNNER_COMMAND: '/nonexistent/runner', PATH: '/nonexistent' });
    taken.close();
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`^fail PORT: 127\\.0\\.0\\.1:${port} cannot be listened on`, 'm'));
    expect(out).toMatch(/^warn modes: .*encryption\.key/m);
    expect(out).toMatch(/^fail runner: /m);
    expect(out).toMatch(/^fail git: /m);
    chmodSync(join(dataDir, 'encryption.key'), 0o600);
  });

  it('sees a key that is gone, and a database that is damaged', async () => {
    const key = readFileSync(join(dataDir, 'encryption.key'));
    rmSync(join(dataDir, 'encryption.key'));
    expect((await look()).out).toMatch(/^fail encryption key: missing or damaged/m);
    writeFileSync(join(dataDir, 'encryption.key'), key, { mode: 0o600 });
    const file = join(dataDir, 'plomada.db');
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 8192, 8192 + 40_000);
    writeFileSync(file, bytes);
    expect(await look()).toMatchObject({ code: 1, out: expect.stringMatching(/^fail database: /m) });
  });
});
