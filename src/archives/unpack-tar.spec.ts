import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { archiveLimits, ArchiveRefusedError, unpackArchive } from '.';

const LIMITS = archiveLimits(1024 ** 2);

interface TarPart {
  name?: string | Buffer;
  type?: string;
  content?: string | Buffer;
  size?: number;
  mode?: number;
  link?: string;
  prefix?: string;
  magic?: string;
}

/** One header block and its content, byte by byte, so that it may say what no tool would. */
function part({
  name = '',
  type = '0',
  content = '',
  size,
  mode = 0o644,
  link = '',
  prefix = '',
  magic,
}: TarPart): Buffer {
  const data = Buffer.from(content);
  const header = Buffer.alloc(512);
  Buffer.from(name).copy(header, 0, 0, 100);
  header.write(mode.toString(8).padStart(7, '0'), 100);
  header.write((size ?? data.length).toString(8).padStart(11, '0'), 124);
  header.write('        ', 148);
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100);
  header.write(magic ?? 'ustar\u000000', 257);
  header.write(prefix, 345, 155);
  header.write(
    header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0'),
    148,
  );
  header[154] = 0;
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

function pax(records: Record<string, string>, type = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const body = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(body);
    while (String(length).length + Buffer.byteLength(body) !== length)
      length = String(length).length + Buffer.byteLength(body);
    return `${length}${body}`;
  });
  return part({ name: 'PaxHeader', type, content: lines.join('') });
}

const END = Buffer.alloc(1024);

function tgz(...parts: (TarPart | Buffer)[]): Buffer {
  return gzipSync(Buffer.concat([...parts.map((one) => (Buffer.isBuffer(one) ? one : part(one))), END]));
}

describe('unpacking a .tar.gz', () => {
  let home: string;
  let target: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'plomada-archives-'));
    target = join(home, 'target');
    await mkdir(target);
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  async function unpack(archive: Buffer, limits = LIMITS, signal?: AbortSignal): Promise<void> {
    await writeFile(join(home, 'archive'), archive);
    await unpackArchive(join(home, 'archive'), target, limits, signal);
  }

  /** Files of this test that the process has open. */
  function openFiles(): string[] {
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith(home) ? [path] : [];
      } catch {
        return [];
      }
    });
  }

  async function expectRefusal(archive: Buffer, message: string, limits = LIMITS): Promise<void> {
    const error: unknown = await unpack(archive, limits).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ArchiveRefusedError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain(home);
    expect(openFiles()).toEqual([]);
    expect(await readdir(home)).toEqual(['archive', 'target']);
  }

  it('writes files and folders; of the modes only the execute bit of the owner stays', async () => {
    await unpack(
      tgz(
        { name: './', type: '5' },
        { name: './bin/', type: '5', mode: 0o2777 },
        { name: './bin/tool', content: 'run', mode: 0o6755 },
        { name: './a/b/main.tf', content: 'x'.repeat(1000), mode: 0o666 },
        { name: 'others', content: '', mode: 0o611 },
        { name: 'old', type: '\0', content: 'v7' },
        { name: 'oldfolder/', type: '\0' },
      ),
    );
    expect(await readFile(join(target, 'a/b/main.tf'), 'utf8')).toBe('x'.repeat(1000));
    expect(await readFile(join(target, 'old'), 'utf8')).toBe('v7');
    const modes = ['bin/tool', 'a/b/main.tf', 'others'].map(
      async (name) => (await stat(join(target, name))).mode & 0o7777,
    );
    expect(await Promise.all(modes)).toEqual([0o755, 0o644, 0o644]);
    expect((await stat(join(target, 'bin'))).mode & 0o7000).toBe(0);
    expect((await stat(join(target, 'oldfolder'))).isDirectory()).toBe(true);
  });

  it('reads what the real tar writes, in each of its formats', async () => {
    const source = join(home, 'source');
    const long = `${'long-folder-name/'.repeat(16)}größe.tf`;
    await mkdir(join(source, long, '..'), { recursive: true });
    await writeFile(join(source, long), 'content');
    for (const format of ['gnu', 'pax', 'posix', 'oldgnu']) {
      const into = join(target, format);
      await mkdir(into);
      execFileSync('tar', ['-czf', join(home, 'archive'), `--format=${format}`, '-C', source, '.']);
      await unpackArchive(join(home, 'archive'), into, LIMITS);
      expect(await readFile(join(into, long), 'utf8')).toBe('content');
    }
  });

  it('reads what `git archive` writes, its global header left out', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-C', target, ...args], {
        env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, GIT_CONFIG_NOSYSTEM: '1' },
      });
    await writeFile(join(target, 'main.tf'), 'content');
    git('init', '-q');
    git('add', 'main.tf');
    git('commit', '-qm', 'one');
    const archive = git('archive', '--format=tar.gz', '--prefix=module-1.0/', 'HEAD');
    await rm(target, { recursive: true });
    await mkdir(target);
    await unpack(archive);
    expect(await readdir(target)).toEqual(['module-1.0']);
    expect(await readdir(join(target, 'module-1.0'))).toEqual(['main.tf']);
  });

  it('takes names of pax headers by bytes, and the prefix of ustar', async () => {
    await unpack(
      tgz(
        pax({ comment: 'x\n9 path=y\n', path: 'größe/main.tf' }),
        { name: 'shortened/', content: 'one' },
        { name: 'main.tf', prefix: 'deep/er', content: 'two' },
        pax({ size: '3' }),
        { name: 'sized', size: 0, content: 'abc' },
      ),
    );
    expect(await readFile(join(target, 'größe/main.tf'), 'utf8')).toBe('one');
    expect(await readFile(join(target, 'deep/er/main.tf'), 'utf8')).toBe('two');
    expect(await readFile(join(target, 'sized'), 'utf8')).toBe('abc');
  });

  it('makes links that stay in the tree', async () => {
    await unpack(
      tgz(
        { name: 'a/up', type: '2', link: '../b/main.tf' },
        { name: 'folder', type: '2', link: 'b' },
        { name: 'through', type: '2', link: 'folder/main.tf' },
        { name: 'gone', type: '2', link: 'nowhere' },
        { name: 'b/main.tf', content: 'linked' },
      ),
    );
    expect(await readlink(join(target, 'a/up'))).toBe('../b/main.tf');
    expect(await readFile(join(target, 'through'), 'utf8')).toBe('linked');
  });

  it.each<[string, (TarPart | Buffer)[], string]>([
    ['an absolute name', [{ name: '/etc/x' }], '"/etc/x" has an absolute name'],
    ['`..`', [{ name: 'a/../../x' }], '"a/../../x" has `..` in its name'],
    ['`..` in a pax header', [pax({ path: '../x' }), { name: 'x' }], '"../x" has `..` in its name'],
    ['a backslash', [{ name: '..\\x' }], 'has a backslash'],
    ['NUL in a pax header', [pax({ path: 'main.tf\0.png' }), { name: 'x' }], '"main.tf?.png" has a control character'],
    ['a line break', [{ name: 'a\nb' }], '"a?b" has a control character'],
    ['a name that is not UTF-8', [{ name: Buffer.from([0x61, 0xff]) }], 'not UTF-8'],
    ['a long part', [pax({ path: 'x'.repeat(256) }), { name: 'x' }], 'more than 255 bytes'],
    ['a long name', [pax({ path: 'x/'.repeat(2050) }), { name: 'x' }], 'more than 4096 bytes'],
    ['a hard link', [{ name: 'a' }, { name: 'h', type: '1', link: 'a' }], '"h" is a hard link'],
    ['a character device', [{ name: 'd', type: '3' }], '"d" is a device file'],
    ['a block device', [{ name: 'd', type: '4' }], '"d" is a device file'],
    ['a FIFO', [{ name: 'f', type: '6' }], '"f" is a FIFO'],
    ['a sparse file', [{ name: 's', type: 'S' }], '"s" is a sparse file'],
    ['a sparse file of pax', [pax({ 'GNU.sparse.major': '1' }), { name: 's' }], '"s" is a sparse file'],
    ['an unknown kind', [{ name: 'v', type: 'V' }], '"v" is of a kind that is not supported'],
    ['a link with an absolute target', [{ name: 'l', type: '2', link: '/etc' }], '"l" is a symbolic link that leaves'],
    [
      'a link that goes up too far',
      [{ name: 'a/l', type: '2', link: '../../x' }],
      '"a/l" is a symbolic link that leaves',
    ],
    [
      'the same behind what does not exist',
      [{ name: 'l', type: '2', link: 'no/no/../../../x' }],
      '"l" is a symbolic link that leaves',
    ],
    [
      'a chain of links that leaves together',
      [
        { name: 'd/e/x' },
        { name: 'd/down', type: '2', link: 'e' },
        { name: 'one', type: '2', link: 'd/down/../..' },
        { name: 'two', type: '2', link: 'one/..' },
      ],
      '"two" is a symbolic link that leaves',
    ],
    [
      'links in a circle',
      [
        { name: 'a', type: '2', link: 'b' },
        { name: 'b', type: '2', link: 'a' },
      ],
      'round in a circle',
    ],
    ['a link to nothing', [{ name: 'l', type: '2', link: '' }], '"l" is a symbolic link to nothing'],
    [
      'a file through a link',
      [{ name: 'l', type: '2', link: 'd' }, { name: 'l/x' }],
      '"l/x" lies below a symbolic link',
    ],
    ['a file over a link', [{ name: 'l', type: '2', link: 'd' }, { name: 'l' }], '"l" is there twice'],
    ['a link over a folder', [{ name: 'l/x' }, { name: 'l', type: '2', link: 'd' }], '"l" is there twice'],
    ['two of one name', [{ name: 'a' }, { name: './a' }], '"a" is there twice'],
    ['twins in case', [{ name: 'a.tf' }, { name: 'A.tf' }], '"A.tf" differs from "a.tf"'],
    ['twins in Unicode form', [{ name: '\u00e9' }, { name: 'e\u0301' }], 'in case or Unicode form only'],
    ['a file with the name of a folder', [{ name: 'a/', content: 'x' }], 'is a file with the name of a folder'],
    [
      'two names for one entry',
      [pax({ path: 'a' }), part({ name: 'L', type: 'L', content: 'b\0' }), { name: 'c' }],
      'damaged',
    ],
    ['a wrong length of a pax record', [part({ type: 'x', content: '99 path=a\n' }), { name: 'a' }], 'damaged'],
    ['a negative size of pax', [pax({ size: '-1' }), { name: 'a' }], 'damaged'],
    ['a huge header', [{ type: 'x', size: 2 * 1024 ** 2 }], 'a header of more than 1 MiB'],
    ['headers without end', Array<Buffer>(20).fill(pax({ comment: 'x' }, 'g')), 'extension headers before one entry'],
    ['a header without its entry', [pax({ path: 'a' })], 'damaged'],
    ['a size that is too small', [{ name: 'a', content: 'x'.repeat(600), size: 10 }], 'damaged'],
    ['a size that is too large', [{ name: 'a', content: 'x', size: 5000 }], '"a" ends in the middle'],
    ['a second archive behind the end', [{ name: 'a' }, END, { name: 'b' }], 'data after its end'],
  ])('refuses %s', async (_what, parts, message) => {
    await expectRefusal(tgz(...parts), message);
  });

  it('shortens a long name in the message', async () => {
    await expectRefusal(
      tgz(pax({ path: `/${'x'.repeat(4000)}` }), { name: 'x' }),
      `"/${'x'.repeat(49)}…${'x'.repeat(30)}"`,
    );
  });

  it('refuses an archive that is cut off, wherever', async () => {
    const whole = tgz({
      name: 'a',
      content: Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7919) % 251)),
    });
    for (const length of [12, 100, whole.length - 9, whole.length - 1]) {
      await expectRefusal(whole.subarray(0, length), 'truncated or damaged');
      await rm(target, { recursive: true });
      await mkdir(target);
    }
    await expectRefusal(gzipSync(part({ name: 'b', content: 'x' })), 'its end is missing');
  });

  it('refuses bytes that were changed', async () => {
    const archive = Buffer.from(tgz({ name: 'a', content: 'some content' }));
    archive.writeUInt32LE(archive.readUInt32LE(archive.length - 8) ^ 1, archive.length - 8);
    await expectRefusal(archive, 'truncated or damaged');
  });

  it.each<[string, Buffer]>([
    ['text', Buffer.from('resource {}')],
    ['nothing', Buffer.alloc(0)],
    ['a plain tar', part({ name: 'a' })],
    ['xz', Buffer.from('fd377a585a00', 'hex')],
  ])('refuses %s, saying what is accepted', async (_what, file) => {
    await expectRefusal(file, 'neither a .tar.gz (.tgz) nor a .zip archive; these two are accepted');
  });

  it('refuses what is in gzip and no tar', async () => {
    await expectRefusal(gzipSync(Buffer.alloc(2000, 'x')), 'not a tar archive');
  });

  it('stops at the entry that is one too many', async () => {
    const parts = Array.from({ length: 12 }, (_, index) => ({ name: `f${index}` }));
    await expectRefusal(tgz(...parts), 'more than 10 entries', { ...LIMITS, maxEntries: 10 });
    expect(await readdir(target)).toHaveLength(10);
  });

  it('counts folders that only names tell of', async () => {
    const parts = [pax({ path: `${'d/'.repeat(50)}x` }), { name: 'x' }];
    await expectRefusal(tgz(...parts), 'more than 20 entries', { ...LIMITS, maxEntries: 20 });
    expect(await readdir(target)).toEqual([]);
  });

  it('accepts as many entries as are allowed', async () => {
    const parts = Array.from({ length: 10 }, (_, index) => ({ name: `f${index}` }));
    await unpack(tgz(...parts), { ...LIMITS, maxEntries: 10 });
    expect(await readdir(target)).toHaveLength(10);
  });

  it('refuses too many bytes, whatever the headers say', async () => {
    await expectRefusal(tgz({ name: 'a', content: Buffer.alloc(20_000) }), 'larger than the limit', {
      ...LIMITS,
      maxUnpackedBytes: 10_000,
    });
    await rm(target, { recursive: true });
    await mkdir(target);
    await expectRefusal(tgz({ name: 'a' }, Buffer.alloc(20_000)), 'larger than the limit', {
      ...LIMITS,
      maxUnpackedBytes: 10_000,
    });
  });

  it('refuses a bomb, but not below the size from which the ratio counts', async () => {
    const archive = tgz({ name: 'a', content: Buffer.alloc(1_000_000) });
    await expectRefusal(archive, 'decompression bomb', { ...LIMITS, ratioFromBytes: 500_000 });
    await rm(target, { recursive: true });
    await mkdir(target);
    await unpack(archive, { ...LIMITS, ratioFromBytes: 2_000_000 });
    expect((await stat(join(target, 'a'))).size).toBe(1_000_000);
  });

  it('an abort in the middle ends it with its reason, and leaves nothing open', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const parts = Array.from({ length: 200 }, (_, index) => ({
      name: `f${index}`,
      content: Buffer.alloc(9000, index),
    }));
    const done = unpack(tgz(...parts), LIMITS, controller.signal);
    while (!(await readdir(target)).includes('f3')) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    await expect(done).rejects.toBe(reason);
    expect((await readdir(target)).length).toBeLessThan(200);
    expect(openFiles()).toEqual([]);
  });

  it('does not begin when it is aborted already', async () => {
    await expect(unpack(tgz({ name: 'a' }), LIMITS, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(await readdir(target)).toEqual([]);
  });
});
