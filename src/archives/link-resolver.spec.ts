import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinkResolver } from './link-resolver';

describe('link resolver', () => {
  let home: string;
  let root: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'plomada-archives-'));
    root = join(home, 'root');
    await mkdir(join(root, 'a/b'), { recursive: true });
    await writeFile(join(root, 'a/b/file'), '');
    await writeFile(join(home, 'outside'), '');
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  async function resolve(target: string): Promise<string> {
    await symlink(target, join(root, 'a/link'));
    const end = await new LinkResolver(root, 100).resolve(['a', 'link']);
    return end.outcome === 'found' ? `/${end.segments.join('/')}` : end.outcome;
  }

  it.each([
    ['b', '/a/b'],
    ['b/', '/a/b'],
    ['b/file', '/a/b/file'],
    ['./b/./../b/file', '/a/b/file'],
    ['..', '/'],
    ['../..', 'leaves'],
    ['../../outside', 'leaves'],
    ['../../root/a/b/file', 'leaves'],
    ['/', 'leaves'],
    ['no', 'dangling'],
    ['no/../b', 'dangling'],
    ['no/../../..', 'leaves'],
    ['b/file/', 'dangling'],
    ['b/file/../file', 'dangling'],
    ['link', 'loops'],
    ['link/x', 'loops'],
  ])('%s: %s', async (target, end) => {
    expect(await resolve(target)).toBe(end);
  });

  it('follows 40 links one after the other, and no more', async () => {
    await symlink('b', join(root, 'a/l1'));
    for (let index = 2; index <= 41; index++) await symlink(`l${index - 1}`, join(root, `a/l${index}`));
    const resolver = new LinkResolver(root, 100);
    expect(await resolver.resolve(['a', 'l40'])).toMatchObject({ outcome: 'found', segments: ['a', 'b'] });
    expect(await resolver.resolve(['a', 'l41'])).toEqual({ outcome: 'loops' });
  });

  it('gives up when all links together take too many steps', async () => {
    await symlink('b/../'.repeat(9), join(root, 'a/link'));
    const resolver = new LinkResolver(root, 1);
    expect(await resolver.resolve(['a', 'link'])).toMatchObject({ outcome: 'found' });
    await resolver.resolve(['a', 'link']);
    await expect(resolver.resolve(['a', 'link'])).rejects.toThrow('lead through too many others');
  });
});
