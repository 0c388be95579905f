import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ArtifactMissingError, type ArtifactStore } from '../../../src/artifacts/artifact-store.port';

/** What the contract needs of an adapter. */
export interface StoreUnderTest {
  store: ArtifactStore;
  /** A folder for files that are put. */
  scratch: string;
  /** Makes an artefact look as if it had been put so long ago. */
  age(sha256: string, milliseconds: number): Promise<void>;
  /** What there is of artefacts that were not finished. */
  leftovers(): Promise<string[]>;
  remove(): Promise<void>;
}

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const MISSING = '0'.repeat(64);
const wanted = async (): Promise<boolean> => true;
const unwanted = async (): Promise<boolean> => false;

/** What every adapter of the ArtifactStore port must do. */
export function describeArtifactStore(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name} as an ArtifactStore`, () => {
    let test: StoreUnderTest;
    let store: ArtifactStore;
    let files = 0;
    beforeEach(async () => {
      test = await create();
      store = test.store;
    });
    afterEach(() => test.remove());

    const put = (content: Buffer, maxBytes?: number): ReturnType<ArtifactStore['put']> =>
      store.put(Readable.from(pieces(content)), maxBytes);
    const fileWith = (content: Buffer): string => {
      const file = join(test.scratch, `file-${++files}`);
      writeFileSync(file, content);
      return file;
    };
    const listed = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const one of store.list()) found.push(one.sha256);
      return found.sort();
    };

    it.each([0, 1, 65_536, 3_000_001])('gives back what was put, whole and in ranges: %d bytes', async (size) => {
      const content = randomBytes(size);
      const stored = await put(content);
      expect(stored).toEqual({ sha256: sha256(content), sizeBytes: size });
      expect((await buffer(await store.get(stored.sha256))).equals(content)).toBe(true);
      const ranges = [
        { from: 0, to: size },
        { from: 0, to: 1 },
        { from: Math.floor(size / 2), to: size },
        { from: size - 1, to: size },
      ].filter(({ from, to }) => from >= 0 && to <= size && to > from);
      for (const range of ranges) {
        const part = await buffer(await store.get(stored.sha256, range));
        expect({ range, isRight: part.equals(content.subarray(range.from, range.to)) }).toEqual({
          range,
          isRight: true,
        });
      }
      expect(await test.leftovers()).toEqual([]);
    });

    it('takes a file over', async () => {
      const content = randomBytes(200_000);
      const file = fileWith(content);
      expect(await store.putFile(file)).toEqual({ sha256: sha256(content), sizeBytes: content.length });
      expect((await buffer(await store.get(sha256(content)))).equals(content)).toBe(true);
      await expect(store.putFile(file)).rejects.toThrow(/ENOENT|no such file/);
    });

    it('knows size and time of what is there, and nothing of the rest', async () => {
      const before = Date.now();
      const { sha256: hash } = await put(Buffer.from('content'));
      const found = await store.stat(hash);
      expect(found).toEqual({ sha256: hash, sizeBytes: 7, storedAt: expect.anything() });
      expect(found!.storedAt.getTime()).toBeGreaterThanOrEqual(before - 1000);
      for (const strange of [MISSING, '', '..', '../../etc/passwd', hash.toUpperCase(), hash.slice(1), `${hash}/x`]) {
        expect(await store.stat(strange)).toBeNull();
        await expect(store.get(strange)).rejects.toThrow(ArtifactMissingError);
      }
    });

    it('refuses what is larger than it may be, to the byte, and keeps nothing of it', async () => {
      const content = randomBytes(100_000);
      await expect(put(content, 99_999)).rejects.toMatchObject({ code: 'body-too-large' });
      expect(await listed()).toEqual([]);
      expect(await test.leftovers()).toEqual([]);
      expect(await put(content, 100_000)).toMatchObject({ sizeBytes: 100_000 });
    });

    it('keeps nothing of a stream that fails, and passes its error on', async () => {
      const failing = Readable.from(
        (async function* () {
          yield randomBytes(100_000);
          throw new Error('cut off');
        })(),
      );
      await expect(store.put(failing)).rejects.toThrow('cut off');
      const destroyed = new Readable({ read: () => undefined });
      const putting = store.put(destroyed);
      destroyed.push(randomBytes(10));
      destroyed.destroy();
      await expect(putting).rejects.toThrow();
      expect(await listed()).toEqual([]);
      expect(await test.leftovers()).toEqual([]);
    });

    it('the same content fifty times at once is one artefact', async () => {
      const content = randomBytes(300_000);
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, place) => (place % 2 ? put(content) : store.putFile(fileWith(content)))),
      );
      expect(new Set(results.map(({ sha256: hash }) => hash))).toEqual(new Set([sha256(content)]));
      expect(await listed()).toEqual([sha256(content)]);
      expect((await buffer(await store.get(sha256(content)))).equals(content)).toBe(true);
      expect(await test.leftovers()).toEqual([]);
    });

    it('lists everything, and nothing that is not finished', async () => {
      const contents = Array.from({ length: 20 }, () => randomBytes(1000));
      await Promise.all(contents.map((content) => put(content)));
      const endless = new Readable({ read: () => undefined });
      const putting = store.put(endless);
      endless.push(randomBytes(1000));
      expect(await listed()).toEqual(contents.map(sha256).sort());
      endless.destroy();
      await expect(putting).rejects.toThrow();
    });

    it('collects what is old and wanted by nobody, and nothing else', async () => {
      const { sha256: hash } = await put(Buffer.from('old'));
      const hourAgo = (): Date => new Date(Date.now() - 3_600_000);
      expect(await store.collect(hash, hourAgo(), unwanted)).toBeNull();
      await test.age(hash, 7_200_000);
      expect(await store.collect(hash, hourAgo(), wanted)).toBeNull();
      expect(await store.collect(MISSING, hourAgo(), unwanted)).toBeNull();
      const failing = store.collect(hash, hourAgo(), () => Promise.reject(new Error('the database is away')));
      await expect(failing).rejects.toThrow('the database is away');
      expect(await listed()).toEqual([hash]);
      expect(await store.collect(hash, hourAgo(), unwanted)).toBe(3);
      expect(await store.collect(hash, hourAgo(), unwanted)).toBeNull();
      expect(await listed()).toEqual([]);
      await expect(store.get(hash)).rejects.toThrow(ArtifactMissingError);
    });

    it('putting again renews the time, so that it is not collected', async () => {
      const content = Buffer.from('again');
      const { sha256: hash } = await put(content);
      for (const renew of [() => put(content), () => store.putFile(fileWith(content))]) {
        await test.age(hash, 7_200_000);
        await renew();
        expect(await store.collect(hash, new Date(Date.now() - 3_600_000), unwanted)).toBeNull();
      }
    });

    it('what is put while it is collected is there afterwards', async () => {
      for (let round = 0; round < 30; round++) {
        const content = Buffer.from(`round ${round}`);
        const { sha256: hash } = await put(content);
        await test.age(hash, 7_200_000);
        const olderThan = new Date(Date.now() - 3_600_000);
        await Promise.all([
          store.collect(hash, olderThan, unwanted),
          put(content),
          store.collect(hash, olderThan, unwanted),
          store.putFile(fileWith(content)),
          store.collect(hash, olderThan, unwanted),
        ]);
        expect({ round, isThere: (await store.stat(hash)) !== null }).toEqual({ round, isThere: true });
      }
    });

    it('a download that has begun ends, although the artefact is collected', async () => {
      const content = randomBytes(2_000_000);
      const { sha256: hash } = await put(content);
      await test.age(hash, 7_200_000);
      const reading = await store.get(hash);
      expect(await store.collect(hash, new Date(), unwanted)).toBe(content.length);
      expect((await buffer(reading)).equals(content)).toBe(true);
    });
  });
}

/** In pieces of many sizes, as a network brings them. */
function* pieces(content: Buffer): Generator<Buffer> {
  for (let from = 0, size = 1; from < content.length; from += size, size = Math.min(size * 2, 65_536)) {
    yield content.subarray(from, from + size);
  }
}
