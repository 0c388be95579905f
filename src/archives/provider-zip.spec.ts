import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveLimits, ArchiveRefusedError, inspectProviderZip, writeZip } from '.';

const LIMITS = archiveLimits(1024 ** 2);
const EXPECTED = { name: 'acme', version: '1.2.0-rc.1+b5', os: 'linux' };
const BINARY = 'terraform-provider-acme_v1.2.0-rc.1+b5';

// What the checks of hostile zip files are is in unpack-zip.spec.ts, for both readers.
describe('provider zip', () => {
  let home: string;
  let archive: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'plomada-archives-'));
    archive = join(home, 'provider.zip');
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** Name → mode; a name is its own content. */
  async function zipOf(files: Record<string, 'x' | '-'>): Promise<void> {
    const sources = Object.entries(files).map(async ([name, mode], index) => {
      const path = join(home, `${index}`);
      await writeFile(path, name);
      return { path, name, executable: mode === 'x' };
    });
    await writeZip(await Promise.all(sources), archive);
  }

  it('a provider with other files beside it gives its hash and size', async () => {
    await zipOf({ [BINARY]: 'x', 'README.md': '-', 'docs/index.md': '-' });
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const lines = ['README.md', 'docs/index.md', BINARY].map((name) => `${sha256(name)}  ${name}\n`).join('');
    expect(await inspectProviderZip(archive, EXPECTED, LIMITS)).toEqual({
      h1: `h1:${createHash('sha256').update(lines).digest('base64')}`,
      sizeBytes: (await stat(archive)).size,
    });
    expect((await readdir(home)).sort()).toEqual(['0', '1', '2', 'provider.zip']);
  });

  it('Windows needs .exe and no execute bit', async () => {
    await zipOf({ [`${BINARY}.exe`]: '-' });
    await expect(inspectProviderZip(archive, { ...EXPECTED, os: 'windows' }, LIMITS)).resolves.toBeDefined();
    await expect(inspectProviderZip(archive, EXPECTED, LIMITS)).rejects.toThrow(
      `holds "${BINARY}.exe"; expected is "${BINARY}" at its root`,
    );
  });

  it('a provider whose name begins like this one is no rival', async () => {
    await zipOf({ [BINARY]: 'x', 'terraform-provider-acme-extra_v1.0.0': 'x', 'old/terraform-provider-acme': 'x' });
    await expect(inspectProviderZip(archive, EXPECTED, LIMITS)).resolves.toBeDefined();
  });

  it.each<[string, Record<string, 'x' | '-'>, string]>([
    ['no provider', { 'README.md': '-' }, `holds no file terraform-provider-…; expected is "${BINARY}" at its root`],
    [
      'another version',
      { 'terraform-provider-acme_v1.1.0': 'x' },
      `holds "terraform-provider-acme_v1.1.0"; expected is`,
    ],
    [
      'another provider',
      { 'terraform-provider-other_v1.2.0': 'x' },
      `holds "terraform-provider-other_v1.2.0"; expected is`,
    ],
    ['no version', { 'terraform-provider-acme': 'x' }, `holds "terraform-provider-acme"; expected is "${BINARY}"`],
    [
      'a provider in a folder',
      { [`dist/${BINARY}`]: 'x' },
      `holds "dist/${BINARY}"; expected is "${BINARY}" at its root`,
    ],
    ['a provider that cannot run', { [BINARY]: '-' }, `"${BINARY}" is not executable; set the execute bit`],
    [
      'a second version beside it',
      { [BINARY]: 'x', 'terraform-provider-acme_v0.1.0': 'x' },
      'terraform could start either',
    ],
    ['a second one without version', { [BINARY]: 'x', 'terraform-provider-acme': 'x' }, 'terraform could start either'],
  ])('refuses %s', async (_what, files, message) => {
    await zipOf(files);
    const work = inspectProviderZip(archive, EXPECTED, LIMITS);
    await expect(work).rejects.toBeInstanceOf(ArchiveRefusedError);
    await expect(work).rejects.toThrow(message);
  });

  it.each<[string, Buffer]>([
    ['text', Buffer.from('binary')],
    ['a .tar.gz', Buffer.from('1f8b080000', 'hex')],
    ['nothing', Buffer.alloc(0)],
    ['an empty zip', Buffer.concat([Buffer.from('504b0506', 'hex'), Buffer.alloc(18)])],
  ])('refuses %s', async (_what, bytes) => {
    await writeFile(archive, bytes);
    await expect(inspectProviderZip(archive, EXPECTED, LIMITS)).rejects.toThrow('not a zip archive');
  });

  it('an abort ends it with its reason', async () => {
    await zipOf({ [BINARY]: 'x' });
    const reason = new Error('enough');
    const controller = new AbortController();
    const work = inspectProviderZip(archive, EXPECTED, LIMITS, controller.signal);
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
  });
});
