import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { archiveLimits, ArchiveRefusedError, packModule, unpackArchive } from '.';

const LIMITS = archiveLimits(1024 ** 2);

type Content = string | { link: string } | { executable: string };

describe('packing a module', () => {
  let home: string;
  let root: string;
  let target: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'plomada-archives-'));
    root = join(home, 'root');
    target = join(home, 'module.tar.gz');
    await mkdir(root);
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  async function write(files: Record<string, Content>, into = root): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = join(into, name);
      await mkdir(dirname(path), { recursive: true });
      if (typeof content === 'string') await writeFile(path, content);
      else if ('link' in content) await symlink(content.link, path);
      else await writeFile(path, content.executable, { mode: 0o755 });
    }
  }

  /** Name → content of the packed archive, in its order, as the real tar sees it. */
  async function packed(limits = LIMITS): Promise<Record<string, string>> {
    await packModule(root, target, limits);
    const names = execFileSync('tar', ['-tzf', target, '--quoting-style=literal']).toString().split('\n').slice(0, -1);
    const into = join(home, 'unpacked');
    await mkdir(into);
    execFileSync('tar', ['-xzf', target, '-C', into]);
    const contents = names.map(async (name) => [name, await readFile(join(into, name), 'utf8')] as const);
    return Object.fromEntries(await Promise.all(contents));
  }

  async function expectRefusal(message: string, limits = LIMITS): Promise<void> {
    const error: unknown = await packModule(root, target, limits).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ArchiveRefusedError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain(home);
    expect(await readdir(home)).not.toContain('module.tar.gz');
  }

  it('says what it wrote', async () => {
    await write({ 'main.tf': 'one', 'a/b.tf': 'two' });
    const result = await packModule(root, target, LIMITS);
    const bytes = await readFile(target);
    expect(result).toEqual({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      entries: 2,
    });
  });

  it('stores files only, by the bytes of their names, with nothing of this machine', async () => {
    await write({ 'b.tf': '1', 'a/x.tf': '2', 'a.tf': '3', 'a-b.tf': '4', '\u{1f600}.tf': '5', '\uff41.tf': '6' });
    await write({ 'run.sh': { executable: '7' } });
    await mkdir(join(root, 'empty'));
    expect(Object.keys(await packed())).toEqual([
      'a-b.tf',
      'a.tf',
      'a/x.tf',
      'b.tf',
      'run.sh',
      '\uff41.tf',
      '\u{1f600}.tf',
    ]);
    const lines = execFileSync('tar', ['-tvzf', target, '--numeric-owner', '--full-time', '--utc']).toString();
    expect(lines).toMatch(/^-rw-r--r-- 0\/0 +1 1980-01-01 00:00:00 a-b\.tf$/m);
    expect(lines).toMatch(/^-rwxr-xr-x 0\/0 +1 1980-01-01 00:00:00 run\.sh$/m);
    const bytes = await readFile(target);
    expect(bytes.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
    expect(gunzipSync(bytes).subarray(265, 329).equals(Buffer.alloc(64))).toBe(true);
  });

  it('the same tree gives the same bytes, whatever its order, times and modes', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`d${index % 3}/f${index}.tf`, `${index}`]),
    );
    await write({ ...files, 'main.tf': 'x'.repeat(200_000), 'run.sh': { executable: '#!' } });
    const first = await packModule(root, target, LIMITS);
    const other = join(home, 'other');
    const before = process.umask(0o077);
    try {
      await write({ 'run.sh': { executable: '#!' }, 'main.tf': 'x'.repeat(200_000) }, other);
      await write(Object.fromEntries(Object.entries(files).reverse()), other);
      await chmod(join(other, 'main.tf'), 0o666);
      await chmod(join(other, 'run.sh'), 0o4711);
      await utimes(join(other, 'main.tf'), 1, 1);
      const second = await packModule(other, join(home, 'second.tar.gz'), LIMITS);
      expect(second).toEqual(first);
    } finally {
      process.umask(before);
    }
    expect((await readFile(join(home, 'second.tar.gz'))).equals(await readFile(target))).toBe(true);
  });

  it('leaves out what belongs to git, and to a run of terraform', async () => {
    await write({
      'main.tf': '1',
      '.git/config': 'secret',
      'sub/.git': 'gitdir: elsewhere',
      '.terraform/providers/x': 'x',
      'sub/.terraform/modules/l': { link: '/nowhere' },
      'terraform.tfstate': 'secret',
      'sub/terraform.tfstate.backup': 'secret',
      'terraform.tfstate.d/prod/terraform.tfstate': 'secret',
      '.terraform.tfstate.lock.info': 'x',
      '.terraform.lock.hcl': 'locked',
      '.gitignore': 'kept',
      'sub/main.tf': '2',
      'terraform.tfvars': 'kept',
    });
    expect(Object.keys(await packed())).toEqual([
      '.gitignore',
      '.terraform.lock.hcl',
      'main.tf',
      'sub/main.tf',
      'terraform.tfvars',
    ]);
  });

  it('stores what links in the tree lead to', async () => {
    await write({
      'main.tf': '1',
      'shared/common.tf': 'common',
      'shared/deep/x.tf': 'deep',
      'common.tf': { link: 'shared/common.tf' },
      'net/common.tf': { link: '../shared/../shared/common.tf' },
      'net/all': { link: '../shared' },
      'chain.tf': { link: 'net/all/deep/x.tf' },
      'twice.tf': { link: 'chain.tf' },
    });
    await write({ 'tool.sh': { executable: 'run' }, run: { link: 'tool.sh' } });
    expect(await packed()).toEqual({
      'chain.tf': 'deep',
      'common.tf': 'common',
      'main.tf': '1',
      'net/all/common.tf': 'common',
      'net/all/deep/x.tf': 'deep',
      'net/common.tf': 'common',
      run: 'run',
      'shared/common.tf': 'common',
      'shared/deep/x.tf': 'deep',
      'tool.sh': 'run',
      'twice.tf': 'deep',
    });
    expect((await stat(join(home, 'unpacked', 'run'))).mode & 0o777).toBe(0o755);
  });

  it.each<[string, Record<string, Content>, string]>([
    ['a link that leaves', { 'a/l': { link: '../../outside' } }, '"a/l" is a symbolic link that leaves the module'],
    ['a link that leaves and comes back', { l: { link: '../root/main.tf' } }, '"l" is a symbolic link that leaves'],
    ['an absolute link', { l: { link: '/etc/hostname' } }, '"l" is a symbolic link that leaves the module'],
    ['a folder outside', { l: { link: '..' } }, '"l" is a symbolic link that leaves the module'],
    [
      'a link to a link that leaves',
      { a: { link: 'b/l' }, 'b/l': { link: '../../x' } },
      '"a" is a symbolic link that leaves',
    ],
    ['a link to nothing', { l: { link: 'nowhere' } }, '"l" is a symbolic link to something that does not exist'],
    ['a link below a file', { l: { link: 'main.tf/x' } }, '"l" is a symbolic link to something that does not exist'],
    [
      'links in a circle',
      { a: { link: 'b' }, b: { link: 'a' } },
      '"a" is a symbolic link that leads round in a circle',
    ],
    ['a link to its own folder', { 'd/l': { link: '.' } }, '"d/l" is a symbolic link to a folder it lies in'],
    ['a link to the root', { 'd/l': { link: '..' } }, '"d/l" is a symbolic link to a folder it lies in'],
    [
      'two folders that link to each other',
      { 'a/l': { link: '../b' }, 'b/l': { link: '../a' } },
      '"a/l/l" is a symbolic link to a folder it lies in',
    ],
    [
      'a link to the configuration of git',
      { '.git/config': 's', l: { link: '.git/config' } },
      '"l" is a symbolic link to something that is left out',
    ],
    ['a link to a state', { 'terraform.tfstate': 's', 'l.tf': { link: 'terraform.tfstate' } }, 'that is left out'],
    ['twins in case', { 'a.tf': '1', 'A.tf': '2' }, '"a.tf" differs from "A.tf"'],
    ['a backslash', { 'a\\b': '1' }, 'has a backslash'],
    ['a control character', { 'a\nb': '1' }, '"a?b" has a control character'],
  ])('refuses %s', async (_what, files, message) => {
    await write({ 'main.tf': '1', ...files });
    await expectRefusal(message);
  });

  it('refuses a FIFO and a socket', async () => {
    await write({ 'main.tf': '1' });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expectRefusal('"pipe" is neither a file nor a folder');
    await rm(join(root, 'pipe'));
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    await expectRefusal('"socket" is neither a file nor a folder');
    await new Promise((resolve) => server.close(resolve));
  });

  it('refuses a name that is not UTF-8', async () => {
    await write({ 'main.tf': '1' });
    await writeFile(Buffer.concat([Buffer.from(`${root}/a`), Buffer.from([0xff])]), '');
    await expectRefusal('has a name that is not UTF-8');
  });

  it.each(['main.tf', 'main.tf.json', 'main.tofu', 'main.tofu.json'])('%s makes a module', async (name) => {
    await write({ [name]: '1' });
    expect(Object.keys(await packed())).toEqual([name]);
  });

  it.each(['README.md', 'sub/main.tf', '.main.tf', 'main.tf.bak', 'maintf'])('%s makes no module', async (name) => {
    await write({ [name]: '1' });
    await expectRefusal('has no Terraform files (*.tf, *.tofu) at its root');
  });

  it('a link to a Terraform file makes a module', async () => {
    await write({ 'main.tf': { link: 'src/main.tf' }, 'src/main.tf': '1' });
    expect(Object.keys(await packed())).toEqual(['main.tf', 'src/main.tf']);
  });

  it('counts what links multiply', async () => {
    // Two links to the level below on each of 20 levels: a million files.
    const levels = Array.from({ length: 20 }, (_, index) => index);
    const links = levels.flatMap((level) =>
      ['a', 'b'].map((name) => [`l${level}/${name}`, { link: `../l${level + 1}` }] as const),
    );
    await write({ 'main.tf': '1', 'l20/file': 'x'.repeat(1000), ...Object.fromEntries(links) });
    await expectRefusal('more than 1000 entries', { ...LIMITS, maxEntries: 1000 });
    await expectRefusal('larger than the limit', { ...LIMITS, maxUnpackedBytes: 100_000 });
  });

  it('counts folders that hold nothing', async () => {
    await write({ 'main.tf': '1' });
    for (let index = 0; index < 20; index++) await mkdir(join(root, `d${index}`));
    await expectRefusal('more than 10 entries', { ...LIMITS, maxEntries: 10 });
  });

  it('names of any length come back', async () => {
    const long = `${'folder-of-a-long-name/'.repeat(12)}${'ä'.repeat(100)}.tf`;
    await write({ 'main.tf': '1', [long]: '2', [`${'b'.repeat(99)}/${'c'.repeat(99)}`]: '3' });
    expect((await packed())[long]).toBe('2');
    const again = join(home, 'again');
    await mkdir(again);
    await unpackArchive(target, again, LIMITS);
    expect(await readFile(join(again, long), 'utf8')).toBe('2');
    expect(await packModule(again, join(home, 'again.tar.gz'), LIMITS)).toMatchObject({ entries: 3 });
    expect((await readFile(join(home, 'again.tar.gz'))).equals(await readFile(target))).toBe(true);
  });

  it('writes over nothing', async () => {
    await write({ 'main.tf': '1' });
    await writeFile(target, 'there');
    await expect(packModule(root, target, LIMITS)).rejects.toThrow('EEXIST');
    expect(await readFile(target, 'utf8')).toBe('there');
  });

  it('an abort in the middle ends it with its reason, leaves no file and nothing open', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const noise = Array.from({ length: 20 }, (_, index) => createHash('sha512').update(`${index}`).digest('hex'));
    await write({ 'main.tf': '1', noise: noise.join('').repeat(400) });
    const done = packModule(root, target, LIMITS, controller.signal);
    while ((await stat(target).catch(() => null)) === null) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    await expect(done).rejects.toBe(reason);
    expect(await readdir(home)).toEqual(['root']);
    const open = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    });
    expect(open.filter((path) => path.startsWith(home))).toEqual([]);
  });
});
