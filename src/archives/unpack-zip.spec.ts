import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { archiveLimits, ArchiveRefusedError, inspectProviderZip, unpackArchive } from '.';

const LIMITS = archiveLimits(1024 ** 2);
const UNIX = 3;
const FAT = 0;
const LINK = 0o120777;

interface ZipPart {
  name: string | Buffer;
  content?: string | Buffer;
  /** Type and permissions of Unix. */
  mode?: number;
  system?: number;
  dosAttributes?: number;
  flags?: number;
  method?: number;
  /** Lies of the central directory. */
  size?: number;
  packedSize?: number;
  crc?: number;
  extra?: Buffer;
  /** Data as it stands in the file, in place of the deflated content. */
  data?: Buffer;
}

interface ZipLies {
  entries?: number;
  directorySize?: number;
  prefix?: Buffer;
  suffix?: Buffer;
}

/** A zip file, byte by byte, so that it may say what no tool would. */
function zip(parts: ZipPart[], lies: ZipLies = {}): Buffer {
  const bodies: Buffer[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const {
      mode = 0o100644,
      system = UNIX,
      dosAttributes = 0,
      flags = 0x800,
      method = 8,
      extra = Buffer.alloc(0),
    } = part;
    const content = Buffer.from(part.content ?? '');
    const data = part.data ?? (method === 8 ? deflateRawSync(content) : content);
    const name = Buffer.from(part.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(part.crc ?? crc32(content), 10);
    common.writeUInt32LE(part.packedSize ?? data.length, 14);
    common.writeUInt32LE(part.size ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, name, data]);
    common.writeUInt16LE(extra.length, 24);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((mode << 16) | dosAttributes) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    records.push(Buffer.concat([Buffer.from('504b0102', 'hex'), Buffer.from([63, system]), common, rest, name, extra]));
    bodies.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE((lies.entries ?? parts.length) & 0xffff, 8);
  end.writeUInt16LE((lies.entries ?? parts.length) & 0xffff, 10);
  end.writeUInt32LE(lies.directorySize ?? directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([lies.prefix ?? Buffer.alloc(0), ...bodies, directory, end, lies.suffix ?? Buffer.alloc(0)]);
}

function unicodePath(raw: string, name: string): Buffer {
  const data = Buffer.concat([Buffer.alloc(5, 1), Buffer.from(name)]);
  data.writeUInt32LE(crc32(raw), 1);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(0x7075, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** The same archive with a zip64 end record and its locator in front of the short one. */
function withZip64End(archive: Buffer, shortStart: number): Buffer {
  const end = Buffer.from(archive.subarray(-22));
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 24);
  record.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 32);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(archive.length - 22), 8);
  locator.writeUInt32LE(1, 16);
  end.writeUInt32LE(shortStart, 16);
  return Buffer.concat([archive.subarray(0, -22), record, locator, end]);
}

describe('reading a hostile .zip', () => {
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

  async function inspect(archive: Buffer, limits = LIMITS): Promise<unknown> {
    await writeFile(join(home, 'archive'), archive);
    return inspectProviderZip(join(home, 'archive'), { name: 'x', version: '1.0.0', os: 'linux' }, limits);
  }

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

  async function expectFault(work: Promise<unknown>, message: string): Promise<void> {
    const error: unknown = await work.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ArchiveRefusedError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain(home);
    expect(openFiles()).toEqual([]);
  }

  it('writes files, folders and links; of the modes only the execute bit of the owner stays', async () => {
    await unpack(
      zip([
        { name: 'bin/', mode: 0o042777, dosAttributes: 0x10 },
        { name: 'bin/tool', content: 'run', mode: 0o106755 },
        { name: 'a/b/größe.tf', content: 'x'.repeat(100_000), mode: 0o100666 },
        { name: 'stored', content: 'as it is', method: 0, mode: 0o100611 },
        { name: 'dos', content: 'dos', system: FAT, mode: 0o100755 },
        { name: 'link', content: 'a/b/größe.tf', mode: LINK },
        { name: 'empty', content: '' },
      ]),
    );
    expect(await readFile(join(target, 'link'), 'utf8')).toBe('x'.repeat(100_000));
    expect(await readFile(join(target, 'stored'), 'utf8')).toBe('as it is');
    expect(await readlink(join(target, 'link'))).toBe('a/b/größe.tf');
    const names = ['bin/tool', 'a/b/größe.tf', 'stored', 'dos', 'empty'];
    const modes = names.map(async (name) => (await stat(join(target, name))).mode & 0o7777);
    expect(await Promise.all(modes)).toEqual([0o755, 0o644, 0o644, 0o644, 0o644]);
  });

  it('reads what the real zip writes, also to a pipe', async () => {
    const source = join(home, 'source');
    await mkdir(join(source, 'a'), { recursive: true });
    await writeFile(join(source, 'a/größe.tf'), 'content');
    const plain = execFileSync('zip', ['-qr', '-', '.'], { cwd: source });
    const encrypted = execFileSync('zip', ['-qr', '-P', 'secret', '-', '.'], { cwd: source });
    await unpack(plain);
    expect(await readFile(join(target, 'a/größe.tf'), 'utf8')).toBe('content');
    await rm(target, { recursive: true });
    await mkdir(target);
    await expectFault(unpack(encrypted), '"a/größe.tf" is encrypted');
  });

  it('an empty archive leaves the folder empty', async () => {
    await unpack(zip([]));
    expect(await readdir(target)).toEqual([]);
  });

  it('reads zip64, unless its numbers differ from the short ones', async () => {
    const archive = zip([{ name: 'a', content: 'x' }]);
    const start = archive.readUInt32LE(archive.length - 6);
    await unpack(withZip64End(archive, 0xffffffff));
    expect(await readdir(target)).toEqual(['a']);
    await expectFault(unpack(withZip64End(archive, start + 1)), 'its directory does not match');
  });

  const bomb = deflateRawSync(Buffer.alloc(1_000_000));

  describe.each([
    ['unpackArchive', (archive: Buffer, limits?: typeof LIMITS) => unpack(archive, limits)],
    ['inspectProviderZip', (archive: Buffer, limits?: typeof LIMITS) => inspect(archive, limits)],
  ])('%s', (_function, read) => {
    it.each<[string, ZipPart[], string]>([
      ['an absolute name', [{ name: '/etc/x' }], '"/etc/x" has an absolute name'],
      ['a drive', [{ name: 'C:/x' }], 'has an absolute name'],
      ['`..`', [{ name: 'a/../../x' }], '"a/../../x" has `..` in its name'],
      ['`..` of a folder', [{ name: '../', mode: 0o040755 }], 'has `..` in its name'],
      ['a backslash', [{ name: 'a\\..\\..\\x' }], 'has a backslash'],
      ['NUL', [{ name: 'main.tf\0.png' }], '"main.tf?.png" has a control character'],
      ['an escape sequence', [{ name: '\u001b[2J' }], '"?[2J" has a control character'],
      ['no name', [{ name: '' }], 'has no name'],
      ['a name that is not UTF-8', [{ name: Buffer.from([0x84, 0x2e, 0x74, 0x66]), flags: 0 }], 'not UTF-8'],
      ['a second name', [{ name: 'a', extra: unicodePath('a', '../b') }], '"a" has a second, different name'],
      ['a long part', [{ name: 'x'.repeat(256) }], 'more than 255 bytes'],
      ['a FIFO', [{ name: 'f', mode: 0o010644 }], '"f" is a FIFO'],
      ['a character device', [{ name: 'd', mode: 0o020644 }], '"d" is a device file'],
      ['a block device', [{ name: 'd', mode: 0o060644 }], '"d" is a device file'],
      ['a socket', [{ name: 's', mode: 0o140644 }], '"s" is a socket'],
      ['an unknown kind', [{ name: 'u', mode: 0o150644 }], '"u" is of a kind that is not supported'],
      ['a folder named like a file', [{ name: 'd', mode: 0o040755 }], '"d" is a folder with the name of a file'],
      [
        'the same from DOS',
        [{ name: 'd', mode: 0, system: FAT, dosAttributes: 0x10 }],
        'is a folder with the name of a',
      ],
      ['a folder with content', [{ name: 'd/', content: 'x' }], '"d/" is a folder with content'],
      ['two of one name', [{ name: 'a' }, { name: './a' }], '"a" is there twice'],
      ['twins in case', [{ name: 'a.tf' }, { name: 'A.tf' }], '"A.tf" differs from "a.tf"'],
      ['twins in Unicode form', [{ name: '\u00e9' }, { name: 'e\u0301' }], 'in case or Unicode form only'],
      ['a file below a file', [{ name: 'a' }, { name: 'a/b' }], 'lies below an entry that is a file'],
      ['encryption', [{ name: 'a', content: 'x', flags: 1 }], '"a" is encrypted'],
      ['strong encryption', [{ name: 'a', content: 'x', flags: 0x41 }], 'encrypted'],
      ['another compression', [{ name: 'a', content: 'x', method: 12 }], '"a" has compression method 12'],
      ['a wrong checksum', [{ name: 'a', content: 'x', crc: 1 }], '"a" is damaged: its checksum'],
      ['a wrong checksum of a stored file', [{ name: 'a', content: 'x', crc: 1, method: 0 }], 'its checksum'],
      ['a size that is too small', [{ name: 'a', content: 'xyz', size: 1 }], '"a" is larger than the zip file says'],
      ['a size that is too large', [{ name: 'a', content: 'xyz', size: 9 }], '"a" is smaller than the zip file says'],
      [
        'a bomb that says it is small',
        [{ name: 'a', data: bomb, size: 10, crc: 0 }],
        '"a" is larger than the zip file says',
      ],
      ['a stored file of two sizes', [{ name: 'a', content: 'xyz', method: 0, size: 9 }], 'truncated or damaged'],
      [
        'data behind the data',
        [{ name: 'a', content: 'x', data: Buffer.concat([deflateRawSync(Buffer.from('x')), Buffer.alloc(9)]) }],
        '"a" has a wrong packed size',
      ],
      ['deflated nonsense', [{ name: 'a', content: 'x', data: Buffer.alloc(9, 0xff) }], '"a" is damaged'],
      ['deflated data that is cut off', [{ name: 'a', content: 'x'.repeat(99), packedSize: 3 }], '"a" is damaged'],
      ['data beyond the end of the file', [{ name: 'a', content: 'x', packedSize: 999_999 }], 'truncated or damaged'],
      ['an extra field that is cut off', [{ name: 'a', extra: Buffer.from([1, 0, 99, 0]) }], 'truncated or damaged'],
    ])('refuses %s', async (_what, parts, message) => {
      await expectFault(read(zip(parts)), message);
    });

    it.each<[string, ZipLies, string]>([
      ['more entries in the directory than counted', { entries: 1 }, 'directory does not match'],
      ['fewer entries in the directory than counted', { entries: 3 }, 'truncated or damaged'],
      ['a wrong size of the directory', { directorySize: 47 }, 'directory does not match'],
      ['something in front', { prefix: Buffer.from('504b0304', 'hex') }, 'directory does not match'],
      ['something behind', { suffix: Buffer.from('x') }, 'its end is missing'],
    ])('refuses %s', async (_what, lies, message) => {
      await expectFault(read(zip([{ name: 'a' }, { name: 'b' }], lies)), message);
    });

    it('refuses an archive that is cut off', async () => {
      await expectFault(read(zip([{ name: 'a', content: 'x' }]).subarray(0, -1)), 'its end is missing');
      await expectFault(read(Buffer.from('504b0304', 'hex')), 'its end is missing');
    });

    it('refuses a directory that counts too many entries before it reads one of them', async () => {
      const archive = zip([{ name: '../x' }], { entries: 20_001 });
      await expectFault(read(archive), 'more than 20000 entries');
    });

    it('counts folders that only names tell of', async () => {
      const archive = zip([{ name: `${'d/'.repeat(50)}x` }]);
      await expectFault(read(archive, { ...LIMITS, maxEntries: 20 }), 'more than 20 entries');
    });

    it('refuses a bomb by what comes out of it, all entries together', async () => {
      const parts = ['a', 'b'].map((name) => ({ name, content: Buffer.alloc(500_000) }));
      await expectFault(read(zip(parts), { ...LIMITS, ratioFromBytes: 600_000 }), 'decompression bomb');
    });

    it('refuses too many bytes', async () => {
      const archive = zip([{ name: 'a', content: Buffer.alloc(20_000) }]);
      await expectFault(read(archive, { ...LIMITS, maxUnpackedBytes: 10_000 }), 'larger than the limit');
    });
  });

  it.each<[string, ZipPart[], string]>([
    [
      'a link with an absolute target',
      [{ name: 'l', content: '/etc', mode: LINK }],
      '"l" is a symbolic link that leaves',
    ],
    [
      'a link that goes up too far',
      [{ name: 'a/l', content: '../../x', mode: LINK }],
      'is a symbolic link that leaves',
    ],
    ['a link with a long target', [{ name: 'l', content: 'x'.repeat(5000), mode: LINK }], 'a target that is too long'],
    [
      'a link with NUL in its target',
      [{ name: 'l', content: 'a\0b', mode: LINK }],
      'its target has a control character',
    ],
    [
      'a link of another system',
      [{ name: 'l', content: '/etc', mode: LINK, system: FAT }],
      'is a symbolic link that leaves',
    ],
    [
      'a file through a link',
      [{ name: 'l', content: 'd', mode: LINK }, { name: 'l/x' }],
      '"l/x" lies below a symbolic link',
    ],
  ])('unpackArchive refuses %s', async (_what, parts, message) => {
    await expectFault(unpack(zip(parts)), message);
  });

  it('inspectProviderZip refuses every link', async () => {
    await expectFault(inspect(zip([{ name: 'l', content: 'a', mode: LINK }])), '"l" is a symbolic link');
  });

  it('an abort in the middle ends it with its reason, and leaves nothing open', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const parts = Array.from({ length: 200 }, (_, index) => ({
      name: `f${index}`,
      content: Buffer.alloc(9000, index),
    }));
    const done = unpack(zip(parts), LIMITS, controller.signal);
    while (!(await readdir(target)).includes('f3')) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    await expect(done).rejects.toBe(reason);
    expect((await readdir(target)).length).toBeLessThan(200);
    expect(openFiles()).toEqual([]);
  });

  it('an abort in the middle of one file ends it as well', async () => {
    const controller = new AbortController();
    const done = unpack(zip([{ name: 'a', content: Buffer.alloc(3_000_000), method: 0 }]), LIMITS, controller.signal);
    while ((await stat(join(target, 'a')).catch(() => null)) === null)
      await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
    expect((await stat(join(target, 'a'))).size).toBeLessThan(3_000_000);
    expect(openFiles()).toEqual([]);
  });
});
