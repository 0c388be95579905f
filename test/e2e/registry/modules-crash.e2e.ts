import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tarGz } from '../../support/archive-builders';
import { eventually } from '../../support/eventually';
import {
  createRepository,
  type GitRepository,
  type GitServer,
  type RepositoryContent,
  serveRepository,
} from '../../support/git-fixture';
import { leftovers, ModuleDriver, type RegistryServer, sha256, SMALL_MODULE } from '../../support/module-driver';
import { type ServerProcess, startServerProcess } from '../../support/server-process';

const PASSWORD = 'c4nary-Of-Git/Password+1';

let dataDir: string;
let server: ServerProcess;
let closing: (() => Promise<void>)[] = [];

const start = async (): Promise<RegistryServer> => {
  server = await startServerProcess(dataDir, { LOG_LEVEL: 'debug' });
  return { url: server.url, adminKey: server.adminKey, dataDir };
};
/** Every version that is listed can be downloaded, and is what it says. */
const expectWhole = async (module: ModuleDriver): Promise<string[]> => {
  const versions = await module.versions();
  for (const { version, sha256: expected, size_bytes: size } of versions) {
    const archive = await module.download(version);
    expect({ version, sha256: sha256(archive), size: archive.length }).toEqual({ version, sha256: expected, size });
  }
  const listed = await (await fetch(`${module.server.url}${module.protocolPath}/versions`)).json();
  expect(listed).toEqual({
    modules: [{ versions: versions.map(({ version }: { version: string }) => ({ version })) }],
  });
  return versions.map(({ version }: { version: string }) => version);
};

const newRepository = async (content: RepositoryContent): Promise<GitRepository> => {
  const repository = await createRepository(content);
  closing.unshift(() => repository.remove());
  return repository;
};
const serve = async (...args: Parameters<typeof serveRepository>): Promise<GitServer> => {
  const git = await serveRepository(...args);
  closing.unshift(() => git.close());
  return git;
};

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plomada-crash-'));
});
afterEach(async () => {
  await server.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
  for (const close of closing) await close();
  closing = [];
});

describe('a server that is killed', () => {
  it('in the middle of uploads: what it has confirmed is there, and nothing is half there', async () => {
    const module = await ModuleDriver.create(await start());
    const confirmed = new Map<string, string>();
    for (let round = 0; round < 3; round++) {
      const uploads = Array.from({ length: 12 }, async (_, place) => {
        const version = `${round}.${place}.0`;
        const content = `# ${version} ${'x'.repeat(place * 40_000)}\n`;
        const answer = await module.upload(version, tarGz([{ name: 'main.tf', content }])).catch(() => null);
        if (answer?.status === 201) confirmed.set(version, answer.body.sha256);
      });
      const delay = randomInt(5, 250);
      await sleep(delay);
      await server.kill('SIGKILL');
      await Promise.all(uploads);
      module.server = await start();
      expect({ round, delay, left: leftovers(dataDir) }).toEqual({ round, delay, left: [] });
      const listed = await expectWhole(module);
      expect(listed).toEqual(expect.arrayContaining([...confirmed.keys()]));
      for (const [version, hash] of confirmed) {
        expect((await module.version(version)).sha256).toBe(hash);
      }
      // What was cut off can be published again.
      const missing = Array.from({ length: 12 }, (_, place) => `${round}.${place}.0`).find(
        (version) => !listed.includes(version),
      );
      if (missing !== undefined) {
        const again = await module.publish(missing, tarGz([{ name: 'main.tf', content: '# again\n' }]));
        confirmed.set(missing, again.sha256);
      }
    }
    expect(confirmed.size).toBeGreaterThan(0);
  });

  it('in the middle of a sync of many tags: the next start goes on by itself, and each tag is published once', async () => {
    const repository = await newRepository({ files: SMALL_MODULE });
    const tags = await addTags(repository, 20);
    const module = await ModuleDriver.create(await start(), { git_url: repository.url });
    let seen = 0;
    for (let round = 0; round < 2; round++) {
      await eventually('the sync to get on', async () => (await module.versions()).length > seen);
      await sleep(randomInt(1, 120));
      await server.kill('SIGKILL');
      module.server = await start();
      expect(leftovers(dataDir).length).toBeLessThanOrEqual(1);
      const numbers = await expectWhole(module);
      expect(new Set(numbers).size).toBe(numbers.length);
      seen = numbers.length;
      if (seen === tags.length) break;
    }
    const result = await module.sync();
    expect(result.body).toMatchObject({ tags_found: tags.length, tags_skipped: [] });
    expect((await expectWhole(module)).sort()).toEqual([...tags].sort());
    expect(await module.get()).toMatchObject({ synced: true, sync_error: null, latest_version: '1.19.0' });
    expect(leftovers(dataDir)).toEqual([]);
  });

  it('before a new module was ever looked at: its tags are looked at after the start', async () => {
    const repository = await newRepository({ files: SMALL_MODULE, tags: ['v1.0.0'] });
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const git = await serve(repository, { beforeAnswer: () => gate });
    const module = await ModuleDriver.create(await start(), { git_url: git.url });
    await eventually('the sync to ask', () => git.requests.length > 0);
    await server.kill('SIGKILL');
    release();
    module.server = await start();
    expect(await module.synced()).toMatchObject({ synced: true, latest_version: '1.0.0' });
  });
});

describe('what the server writes', () => {
  it('has no password of a repository in it, whatever happens with it', async () => {
    const repository = await newRepository({ files: SMALL_MODULE, tags: ['v1.0.0'] });
    const git = await serve(repository, { username: 'robot', password: PASSWORD });
    const credentials = { git_username: 'robot', git_password: PASSWORD };
    const module = await ModuleDriver.create(await start(), { git_url: git.url, ...credentials });
    expect(await module.synced()).toMatchObject({ synced: true });
    await module.request('PATCH', '', { git_password: `${PASSWORD}-wrong` });
    await eventually('the failure', async () => (await module.get()).sync_error);
    const hook = (await module.request('POST', '/webhook')).body.url as string;
    await fetch(`${server.url}${new URL(hook).pathname}`, { method: 'POST', body: '{}' });
    await module.request('PATCH', '', { git_url: `${git.url}x`, ...credentials });
    await module.sync();
    const link = await module.link('1.0.0');
    await fetch(`${server.url}${link}`);
    await server.kill('SIGTERM');
    const written = server.output();
    expect(written).toContain('tag_sync_failed');
    const signature = new URL(link, 'http://x').searchParams.get('signature')!;
    for (const secret of [PASSWORD, Buffer.from(`robot:${PASSWORD}`).toString('base64'), hook.slice(-40), signature]) {
      expect({ secret, isWritten: written.includes(secret) }).toEqual({ secret, isWritten: false });
    }
    const stored = readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    for (const secret of [PASSWORD, hook.slice(-40)]) {
      expect(stored.filter((content) => content.includes(secret))).toHaveLength(0);
    }
  });

  it('a polite end in the middle of a sync comes soon, and the sync goes on at the next start', async () => {
    const repository = await newRepository({ files: SMALL_MODULE });
    await addTags(repository, 12);
    const module = await ModuleDriver.create(await start(), { git_url: repository.url });
    await eventually('the sync to be at work', async () => (await module.versions()).length > 0);
    const begun = performance.now();
    expect(await server.kill('SIGTERM')).toBe(0);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(leftovers(dataDir)).toEqual([]);
    module.server = await start();
    // An end that was asked for is no fault of the repository.
    expect((await module.get()).sync_error).toBeNull();
    await eventually('the rest', async () => (await module.versions()).length === 12);
  });
});

/** Versions `1.0.0`, `1.1.0` …, each with a content of its own. */
async function addTags(repository: GitRepository, count: number): Promise<string[]> {
  const versions = Array.from({ length: count }, (_, place) => `1.${place}.0`);
  for (const version of versions) {
    await repository.commit({ 'version.tf': `# ${version}\n` });
    await repository.tag(`v${version}`);
  }
  return versions;
}
