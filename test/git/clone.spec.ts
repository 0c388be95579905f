import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepository, type GitRepository, serveRepository } from '../support/git-fixture';
import { aRemote, GitRoom } from './git-room';

describe('clone', () => {
  let room: GitRoom;
  let repository: GitRepository;
  let first: string;

  beforeAll(async () => {
    room = await GitRoom.create();
    repository = await createRepository({
      files: { 'main.tf': 'first', 'modules/net/main.tf': 'net' },
      tags: ['v1'],
      annotatedTags: ['v2'],
      branches: { 'feature/x': { 'main.tf': 'feature' } },
    });
    first = await repository.sha('main');
    await repository.commit({ 'main.tf': 'second' });
    await repository.commit({ 'main.tf': 'a branch' }, { branch: 'both' });
    await repository.tag('both', { at: first });
  });

  afterAll(async () => {
    await repository.remove();
    await room.remove();
  });

  async function clone(ref: string | null): Promise<{ commitSha: string; text: string; directory: string }> {
    const directory = room.freshPath();
    const { commitSha } = await room.adapter().clone(aRemote(repository.url), ref, directory);
    return { commitSha, text: await readFile(join(directory, 'main.tf'), 'utf8'), directory };
  }

  it.each([
    [null, 'main', 'second'],
    ['main', 'main', 'second'],
    ['HEAD', 'main', 'second'],
    ['refs/heads/main', 'main', 'second'],
    ['feature/x', 'feature/x', 'feature'],
    ['v1', 'v1', 'first'],
    ['refs/tags/v1', 'v1', 'first'],
    ['v2', 'v2', 'first'],
    ['refs/tags/v2', 'v2', 'first'],
    ['both', 'refs/heads/both', 'a branch'],
    ['refs/tags/both', 'refs/tags/both', 'first'],
  ])('checks out what %s names', async (ref, same, text) => {
    expect(await clone(ref)).toMatchObject({ commitSha: await repository.sha(same), text });
  });

  it.each([
    ['full', (sha: string) => sha],
    ['in capitals', (sha: string) => sha.toUpperCase()],
    ['abbreviated', (sha: string) => sha.slice(0, 8)],
  ])('checks out a commit that is no tip, given %s', async (_how, form) => {
    expect(await clone(form(first))).toMatchObject({ commitSha: first, text: 'first' });
  });

  it('leaves no history, no remote, no hook and no trace of the URL', async () => {
    const { directory } = await clone('main');
    expect((await readdir(join(directory, '.git'))).sort()).toEqual([
      'HEAD',
      'config',
      'index',
      'logs',
      'objects',
      'refs',
      'shallow',
    ]);
    const inside = await room.contents(join(directory, '.git'));
    expect(inside.filter(({ content }) => content.includes(repository.directory))).toEqual([]);
    expect((await lstat(directory)).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['a branch', 'no-such-branch'],
    ['a full name', 'refs/heads/no-such-branch'],
    ['a commit', '0123456789abcdef0123456789abcdef01234567'],
    ['an abbreviated commit', '0123456'],
    ['a word that means something to git fetch', 'tag'],
    ['a name with a plus', '+main'],
  ])('says so when there is no such %s, and leaves nothing behind', async (_what, ref) => {
    const directory = room.freshPath();
    await expect(room.adapter().clone(aRemote(repository.url), ref, directory)).rejects.toMatchObject({
      code: 'git-ref-not-found',
      kind: 'not-found',
      message: `The Git repository has no branch, tag or commit "${ref}".`,
    });
    expect(existsSync(directory)).toBe(false);
  });

  it('says that an abbreviated commit is ambiguous', async () => {
    const prefix = await addTwoCommitsWithOnePrefix(repository);
    await expect(room.adapter().resolve(aRemote(repository.url), prefix)).rejects.toMatchObject({
      code: 'git-ref-not-found',
      message: expect.stringContaining('ambiguous'),
    });
  });

  it('says that an empty repository is empty', async () => {
    const empty = await createRepository();
    await expect(room.adapter().clone(aRemote(empty.url), null, room.freshPath())).rejects.toMatchObject({
      code: 'git-ref-not-found',
      message: expect.stringContaining('empty'),
    });
    await empty.remove();
  });

  it('refuses a directory that exists, and does not touch it', async () => {
    const directory = room.freshPath();
    await mkdir(directory);
    await writeFile(join(directory, 'mine'), '');
    await expect(room.adapter().clone(aRemote(repository.url), 'main', directory)).rejects.toMatchObject({
      code: 'git-failed',
    });
    expect(await readdir(directory)).toEqual(['mine']);
  });

  it('passes git’s progress on, without paths of the host', async () => {
    let output = '';
    const onOutput = (text: string) => (output += text);
    await room.adapter().clone(aRemote(repository.url), 'main', room.freshPath(), { onOutput });
    expect(output).toMatch(/^HEAD is now at [0-9a-f]+ Commit \d+$/m);
    expect(output).not.toContain(room.root);
  });

  it('keeps links as links and does not fetch submodules', async () => {
    const library = await createRepository({ files: { 'lib.tf': 'lib' } });
    const sha = await library.sha('main');
    const outer = await createRepository({
      files: {
        '.gitmodules': `[submodule "lib"]\n\tpath = lib\n\turl = ${library.url}\n`,
        lib: { submodule: sha },
        leak: { link: '/etc/passwd' },
      },
    });
    const directory = room.freshPath();
    await room.adapter().clone(aRemote(outer.url), null, directory);
    expect(await readdir(join(directory, 'lib'))).toEqual([]);
    expect((await lstat(join(directory, 'leak'))).isSymbolicLink()).toBe(true);
    await Promise.all([library.remove(), outer.remove()]);
  });

  it('clones many at once', async () => {
    const clones = await Promise.all(Array.from({ length: 8 }, () => clone('main')));
    expect(new Set(clones.map(({ text }) => text))).toEqual(new Set(['second']));
  });

  it('works with a server that hands out tips only', async () => {
    const server = await serveRepository(repository, { protocolV2: false });
    const remote = aRemote(server.url);
    const byBranch = room.freshPath();
    await room.adapter().clone(remote, 'main', byBranch);
    const bySha = room.freshPath();
    await expect(room.adapter().clone(remote, first, bySha)).resolves.toEqual({ commitSha: first });
    expect(await readFile(join(bySha, 'main.tf'), 'utf8')).toBe('first');
    const unknown = '0123456789abcdef0123456789abcdef01234567';
    await expect(room.adapter().clone(remote, unknown, room.freshPath())).rejects.toMatchObject({
      code: 'git-ref-not-found',
    });
    await server.close();
  });

  it('asks an http server no more than git clone would', async () => {
    const server = await serveRepository(repository);
    await room.adapter().clone(aRemote(server.url), 'main', room.freshPath());
    expect(server.requests.filter((request) => request.startsWith('GET'))).toHaveLength(1);
    expect(server.requests.length).toBeLessThanOrEqual(3);
    await server.close();
  });
});

/** Two commits whose ids begin with the same seven digits: by the birthday rule a few ten thousand tries find them. */
async function addTwoCommitsWithOnePrefix(repository: GitRepository): Promise<string> {
  const tree = await repository.git('rev-parse', 'main^{tree}');
  const person = 'A <a@b.example> 1700000000 +0000';
  const text = (n: number) => `tree ${tree}\nauthor ${person}\ncommitter ${person}\n\n${n}\n`;
  const seen = new Map<string, number>();
  for (let n = 0; ; n++) {
    const body = text(n);
    const sha = createHash('sha1').update(`commit ${body.length}\0${body}`).digest('hex');
    const prefix = sha.slice(0, 7);
    const other = seen.get(prefix);
    seen.set(prefix, n);
    if (other === undefined) continue;
    for (const number of [other, n]) await repository.addBranch(`number-${number}`, text(number));
    return prefix;
  }
}
