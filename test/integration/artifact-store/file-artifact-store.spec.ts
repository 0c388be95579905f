import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { FileArtifactStore } from '../../../src/artifacts/file-artifact-store';
import { describeArtifactStore, sha256 } from './artifact-store.contract';

const pathIn = (directory: string, hash: string): string => join(directory, hash.slice(0, 2), hash);

describeArtifactStore('FileArtifactStore', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'plomada-store-'));
  const directory = join(scratch, 'artifacts');
  return {
    store: new FileArtifactStore(directory),
    scratch,
    age: async (hash, milliseconds) => {
      const then = new Date(Date.now() - milliseconds);
      utimesSync(pathIn(directory, hash), then, then);
    },
    leftovers: async () => readdirSync(join(directory, '.incoming')),
    remove: async () => rmSync(scratch, { recursive: true, force: true }),
  };
});

describe('FileArtifactStore on the disk', () => {
  let scratch: string;
  let directory: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'plomada-store-'));
    directory = join(scratch, 'artifacts');
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  it('keeps files that nobody else may read', async () => {
    const store = new FileArtifactStore(directory);
    const file = join(scratch, 'file');
    writeFileSync(file, 'content', { mode: 0o777 });
    for (const { sha256: hash } of [
      await store.putFile(file),
      await store.put(Readable.from([Buffer.from('other')])),
    ]) {
      expect(statSync(pathIn(directory, hash)).mode & 0o777).toBe(0o600);
      expect(statSync(join(pathIn(directory, hash), '..')).mode & 0o777).toBe(0o700);
    }
  });

  it('clears what a killed server left half written, and keeps what was finished', async () => {
    const { sha256: hash } = await new FileArtifactStore(directory).put(Readable.from([Buffer.from('whole')]));
    writeFileSync(join(directory, '.incoming', 'half'), 'ha');
    const store = new FileArtifactStore(directory);
    expect(readdirSync(join(directory, '.incoming'))).toEqual([]);
    expect((await buffer(await store.get(hash))).toString()).toBe('whole');
  });

  it('lists no file that is not an artefact', async () => {
    const store = new FileArtifactStore(directory);
    mkdirSync(join(directory, 'ab'));
    writeFileSync(join(directory, 'ab', 'notes.txt'), 'x');
    writeFileSync(join(directory, 'notes.txt'), 'x');
    mkdirSync(join(directory, 'lost+found'));
    const found: string[] = [];
    for await (const one of store.list()) found.push(one.sha256);
    expect(found).toEqual([]);
  });

  it('puts while it is listed and collected do no harm', async () => {
    const store = new FileArtifactStore(directory);
    const contents = Array.from({ length: 200 }, (_, place) => Buffer.from(`content ${place}`));
    const putting = Promise.all(contents.map((content) => store.put(Readable.from([content]))));
    for (let round = 0; round < 10; round++) {
      for await (const { sha256: hash } of store.list()) {
        await store.collect(hash, new Date(0), async () => false);
      }
    }
    await putting;
    for (const content of contents) expect((await buffer(await store.get(sha256(content)))).equals(content)).toBe(true);
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? describe : describe.skip)('on a small disk of its own (needs root)', () => {
    let disk: string;
    beforeEach(() => {
      disk = join(scratch, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    });
    afterEach(() => execFileSync('umount', ['--lazy', disk]));

    it('a full one: says so, keeps nothing of it, and goes on when there is space', async () => {
      const store = new FileArtifactStore(join(disk, 'artifacts'));
      const small = await store.put(Readable.from([randomBytes(300_000)]));
      const large = randomBytes(3_000_000);
      await expect(store.put(Readable.from([large]))).rejects.toMatchObject({
        code: 'no-space',
        kind: 'insufficient-storage',
      });
      // From another disk, so that it has to be copied.
      const file = join(scratch, 'large');
      writeFileSync(file, large);
      await expect(store.putFile(file)).rejects.toMatchObject({ code: 'no-space' });
      expect(readFileSync(file).equals(large)).toBe(true);
      expect(readdirSync(join(disk, 'artifacts', '.incoming'))).toEqual([]);
      expect(await store.stat(small.sha256)).toMatchObject({ sizeBytes: 300_000 });
      const fitting = await store.put(Readable.from([randomBytes(300_000)]));
      expect(await store.stat(fitting.sha256)).toMatchObject({ sizeBytes: 300_000 });
    });

    it('a file of another disk is copied, and gone from its place', async () => {
      const store = new FileArtifactStore(join(disk, 'artifacts'));
      const file = join(scratch, 'elsewhere');
      const content = randomBytes(100_000);
      writeFileSync(file, content);
      expect(await store.putFile(file)).toEqual({ sha256: sha256(content), sizeBytes: content.length });
      expect((await buffer(await store.get(sha256(content)))).equals(content)).toBe(true);
      expect(existsSync(file)).toBe(false);
    });
  });
});
