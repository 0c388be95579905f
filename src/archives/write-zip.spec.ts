import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveLimits, inspectProviderZip, writeZip } from '.';

describe('writing a zip file', () => {
  let home: string;
  let target: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'plomada-archives-'));
    target = join(home, 'out.zip');
    await writeFile(join(home, 'binary'), Buffer.alloc(300_000, 'binary'));
    await writeFile(join(home, 'license'), 'license');
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const sources = () => [
    { path: join(home, 'binary'), name: 'terraform-provider-x_v1.0.0', executable: true },
    { path: join(home, 'license'), name: 'LICENSE.txt', executable: false },
  ];

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

  it('says what it wrote, and the real unzip reads it', async () => {
    const result = await writeZip(sources(), target);
    const bytes = await readFile(target);
    expect(result).toEqual({ sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length });
    execFileSync('unzip', ['-tq', target]);
    const listing = execFileSync('unzip', ['-Z', '-T', target]).toString();
    expect(listing).toMatch(/-rw-r--r-- .* 19800101\.120000 LICENSE\.txt\n-rwxr-xr-x .* 19800101\.120000 terraform-p/);
    const expected = { name: 'x', version: '1.0.0', os: 'linux' };
    expect(await inspectProviderZip(target, expected, archiveLimits(1024 ** 2))).toMatchObject({
      sizeBytes: bytes.length,
    });
  });

  it('the same files give the same bytes, whatever their order, times and modes', async () => {
    const { sha256 } = await writeZip(sources(), target);
    await chmod(join(home, 'binary'), 0o600);
    await utimes(join(home, 'license'), 1_700_000_000, 1_700_000_000);
    const again = await writeZip(sources().reverse(), join(home, 'again.zip'));
    expect(again.sha256).toBe(sha256);
  });

  it('the time is the same text in every time zone, and there is no other', async () => {
    await writeZip(sources(), target);
    const bytes = await readFile(target);
    const directory = bytes.readUInt32LE(bytes.length - 6);
    for (const header of [bytes.subarray(4), bytes.subarray(directory + 6)]) {
      expect(header.readUInt16LE(6)).toBe(12 << 11);
      expect(header.readUInt16LE(8)).toBe((1 << 5) | 1);
      // No extra field, which could hold a moment.
      expect(header.readUInt16LE(24)).toBe(0);
    }
  });

  it('a source that cannot be read ends it, leaves no file and nothing open', async () => {
    const missing = { path: join(home, 'missing'), name: 'zzz', executable: false };
    await expect(writeZip([...sources(), missing], target)).rejects.toThrow('ENOENT');
    await expect(writeZip([...sources(), { ...missing, name: 'AAA' }], target)).rejects.toThrow('ENOENT');
    expect(await readdir(home)).toEqual(['binary', 'license']);
    expect(openFiles()).toEqual([]);
  });

  it('writes over nothing', async () => {
    await writeFile(target, 'there');
    await expect(writeZip(sources(), target)).rejects.toThrow('EEXIST');
    expect(await readFile(target, 'utf8')).toBe('there');
    expect(openFiles()).toEqual([]);
  });

  it.each(['../x', '/x', 'a\\b', 'LICENSE.TXT'])('refuses the name %s', async (name) => {
    await expect(
      writeZip([...sources(), { path: join(home, 'license'), name, executable: false }], target),
    ).rejects.toThrow('The entry');
    expect(await readdir(home)).toEqual(['binary', 'license']);
  });
});
