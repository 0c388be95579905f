import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepository, type GitRepository, type GitServer, serveRepository } from '../support/git-fixture';
import { aRemote, GitRoom } from './git-room';

let room: GitRoom;
let repository: GitRepository;
let server: GitServer;

beforeEach(async () => {
  room = await GitRoom.create();
  repository = await createRepository({
    files: {
      'README.md': 'Read me',
      'main.tf': 'main',
      'modules/net/main.tf': 'net',
      'modules/net/Übersicht "1".md': 'odd name',
      'modules/link': { link: '../../etc/passwd' },
      vendored: { submodule: '0123456789abcdef0123456789abcdef01234567' },
    },
    annotatedTags: ['v1'],
    branches: { dev: { 'dev.tf': 'dev' } },
  });
  server = await serveRepository(repository);
});

afterEach(async () => {
  await server.close();
  await repository.remove();
  await room.remove();
});

const mirrors = () => readdirSync(join(room.cacheDir, 'mirrors'));
const fetches = () => server.requests.filter((request) => request.startsWith('POST')).length;

describe('references', () => {
  it('lists branches and peeled tags with their commits', async () => {
    const main = await repository.sha('main');
    await expect(room.adapter().references(aRemote(server.url))).resolves.toEqual({
      default: 'main',
      branches: [
        { name: 'dev', sha: await repository.sha('dev') },
        { name: 'main', sha: main },
      ],
      tags: [{ name: 'v1', sha: main }],
    });
  });

  it('knows an empty repository', async () => {
    const empty = await createRepository();
    await expect(room.adapter().references(aRemote(empty.url))).resolves.toEqual({
      default: null,
      branches: [],
      tags: [],
    });
    await empty.remove();
  });
});

describe('resolve', () => {
  it('finds branches, tags, full and abbreviated commits', async () => {
    const adapter = room.adapter();
    const main = await repository.sha('main');
    const tagObject = await repository.git('rev-parse', 'v1');
    await repository.commit({ 'main.tf': 'later' });
    const later = await repository.sha('main');
    const remote = aRemote(server.url);
    for (const [ref, sha] of [
      [null, later],
      ['main', later],
      ['v1', main],
      ['refs/tags/v1', main],
      [main, main],
      [main.slice(0, 7), main],
      [later.slice(0, 12), later],
      [tagObject, main],
    ] as const) {
      expect([ref, await adapter.resolve(remote, ref)]).toEqual([ref, sha]);
    }
    const blob = await repository.git('rev-parse', 'main:main.tf');
    for (const ref of ['nope', '0123456', '0123456789abcdef0123456789abcdef01234567', blob]) {
      await expect(adapter.resolve(remote, ref)).rejects.toMatchObject({ code: 'git-ref-not-found' });
    }
  });

  it('sees at once that a branch has moved', async () => {
    const adapter = room.adapter();
    const remote = aRemote(server.url);
    await adapter.listTree(remote, 'main', '');
    const moved = await repository.commit({ 'main.tf': 'moved' });
    await expect(adapter.resolve(remote, 'main')).resolves.toBe(moved);
    await expect(adapter.listTree(remote, 'main', '')).resolves.toMatchObject({ commitSha: moved });
  });
});

describe('listTree', () => {
  it('shows one folder: links as files, submodules not at all', async () => {
    const adapter = room.adapter();
    const commitSha = await repository.sha('main');
    await expect(adapter.listTree(aRemote(server.url), null, '')).resolves.toEqual({
      ref: 'main',
      commitSha,
      entries: [
        { name: 'README.md', path: 'README.md', type: 'file', size: 7 },
        { name: 'main.tf', path: 'main.tf', type: 'file', size: 4 },
        { name: 'modules', path: 'modules', type: 'dir', size: null },
      ],
    });
    await expect(adapter.listTree(aRemote(server.url), 'v1', './modules/')).resolves.toEqual({
      ref: 'v1',
      commitSha,
      entries: [
        { name: 'link', path: 'modules/link', type: 'file', size: 16 },
        { name: 'net', path: 'modules/net', type: 'dir', size: null },
      ],
    });
    const deep = await adapter.listTree(aRemote(server.url), commitSha.slice(0, 9), 'modules/net');
    expect(deep.entries.map(({ path }) => path)).toEqual(['modules/net/main.tf', 'modules/net/Übersicht "1".md']);
    expect(deep.ref).toBe(commitSha.slice(0, 9));
  });

  it.each(['nope', 'main.tf', 'modules/link', 'modules/link/x', 'vendored', 'modules/ne'])(
    'says that %s is no folder',
    async (path) => {
      await expect(room.adapter().listTree(aRemote(server.url), 'main', path)).rejects.toMatchObject({
        code: 'git-path-not-found',
        kind: 'not-found',
      });
    },
  );

  it('says that there is no such reference', async () => {
    await expect(room.adapter().listTree(aRemote(server.url), 'nope', '')).rejects.toMatchObject({
      code: 'git-ref-not-found',
    });
  });
});

describe('readFile', () => {
  it('reads files, and nothing that is none, a link or too large', async () => {
    const adapter = room.adapter();
    const sha = await repository.sha('main');
    const read = (path: string, maxBytes = 1000) => adapter.readFile(aRemote(server.url), sha, path, maxBytes);
    expect((await read('README.md'))?.toString()).toBe('Read me');
    expect((await read('modules/net/Übersicht "1".md'))?.toString()).toBe('odd name');
    expect((await read('README.md', 7))?.length).toBe(7);
    expect(await read('README.md', 6)).toBeNull();
    for (const path of ['nope', 'modules', 'modules/link', 'vendored', 'README.md/x', '']) {
      expect([path, await read(path)]).toEqual([path, null]);
    }
  });

  it('gives bytes back as they are', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const sha = await repository.commit({ 'all.bin': bytes, 'empty.tf': '' });
    const adapter = room.adapter();
    expect(await adapter.readFile(aRemote(server.url), sha, 'all.bin', 1000)).toEqual(bytes);
    expect(await adapter.readFile(aRemote(server.url), sha, 'empty.tf', 1000)).toEqual(Buffer.alloc(0));
  });

  it('refuses what is no full commit id', async () => {
    await expect(room.adapter().readFile(aRemote(server.url), 'main', 'README.md', 10)).rejects.toMatchObject({
      code: 'git-ref-not-found',
    });
  });
});

describe('mirror', () => {
  it('is fetched once, also when many ask at the same time', async () => {
    const adapter = room.adapter();
    const remote = aRemote(server.url);
    await adapter.references(remote);
    const before = fetches();
    const lists = await Promise.all(Array.from({ length: 5 }, () => adapter.listTree(remote, 'main', '')));
    const oneFetch = fetches() - before;
    expect(new Set(lists.map(({ commitSha }) => commitSha)).size).toBe(1);
    const requests = server.requests.length;
    await adapter.listTree(remote, 'main', 'modules');
    await adapter.readFile(remote, await repository.sha('main'), 'README.md', 1000);
    expect(server.requests.length).toBe(requests);
    expect(oneFetch).toBe(1);
  });

  it('is kept for the next server, and holds the history of no branch', async () => {
    await repository.commit({ 'main.tf': 'second' });
    await room.adapter().listTree(aRemote(server.url), 'main', '');
    const before = fetches();
    await room.adapter().listTree(aRemote(server.url), 'main', '');
    // One request lists the references, none fetches.
    expect(fetches() - before).toBe(1);
    expect(existsSync(join(room.cacheDir, 'mirrors', mirrors()[0] ?? '', 'shallow'))).toBe(true);
  });

  it('is not shared with other credentials', async () => {
    const guarded = await serveRepository(repository, { username: 'git', password: 'right-one' });
    const adapter = room.adapter();
    const sha = await repository.sha('main');
    await adapter.listTree(aRemote(guarded.url, { password: 'right-one' }), 'main', '');
    const denied = { code: 'git-authentication-failed' };
    for (const credentials of [{ password: 'wrong-one' }, {}]) {
      const remote = aRemote(guarded.url, credentials);
      await expect(adapter.listTree(remote, 'main', '')).rejects.toMatchObject(denied);
      await expect(adapter.readFile(remote, sha, 'README.md', 100)).rejects.toMatchObject(denied);
    }
    expect(mirrors()).toHaveLength(1);
    await guarded.close();
  });

  it.each([
    ['its objects are gone', 'objects'],
    ['it is half there', 'HEAD'],
  ])('is made anew when %s', async (_what, part) => {
    const adapter = room.adapter();
    const remote = aRemote(server.url);
    const sha = await repository.sha('main');
    const before = await adapter.listTree(remote, 'main', '');
    await rm(join(room.cacheDir, 'mirrors', mirrors()[0] ?? '', part), { recursive: true });
    await expect(adapter.listTree(remote, 'main', '')).resolves.toEqual(before);
    await rm(join(room.cacheDir, 'mirrors', mirrors()[0] ?? '', part), { recursive: true });
    expect((await adapter.readFile(remote, sha, 'README.md', 100))?.toString()).toBe('Read me');
  });

  it('and all of the cache may be deleted while the server runs', async () => {
    const adapter = room.adapter();
    await adapter.listTree(aRemote(server.url), 'main', '');
    await rm(room.cacheDir, { recursive: true });
    await expect(adapter.listTree(aRemote(server.url), 'main', '')).resolves.toMatchObject({ ref: 'main' });
  });

  it('goes when it was not used for longest and there are too many', async () => {
    const adapter = room.adapter({ maxMirrors: 2 });
    const remotes = ['one-pass', 'two-pass', 'three-pass'].map((password) => aRemote(server.url, { password }));
    const seen: string[][] = [];
    for (const index of [0, 1, 0, 2]) {
      await adapter.listTree(remotes[index] ?? aRemote(server.url), 'main', '');
      seen.push(mirrors());
    }
    const second = seen[1]?.find((key) => !seen[0]?.includes(key));
    expect(seen[3]).toHaveLength(2);
    expect(seen[3]).not.toContain(second);
    expect(seen[3]).toContain(seen[0]?.[0]);
  });

  it('goes when it is forgotten', async () => {
    const adapter = room.adapter();
    await adapter.listTree(aRemote(server.url), 'main', '');
    expect(mirrors()).toHaveLength(1);
    await adapter.forget(aRemote(server.url));
    expect(mirrors()).toEqual([]);
    await adapter.forget(aRemote('https://never.example/seen'));
  });
});
