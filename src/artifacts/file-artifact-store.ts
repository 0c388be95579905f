import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KeyedMutex } from '../common/concurrency/keyed-mutex';
import { DomainError } from '../common/errors';
import type { ByteRange } from '../common/http/byte-range';
import { newId } from '../common/ids';
import {
  ArtifactMissingError,
  type ArtifactStore,
  type ListedArtifact,
  type StoredArtifact,
} from './artifact-store.port';
import { SendBuffers } from './send-buffers';
import { sendFile } from './send-file';

const SHA256 = /^[0-9a-f]{64}$/;
const INCOMING = '.incoming';

/** Artefacts as files of one folder: `<first two digits>/<sha256>`. */
export class FileArtifactStore implements ArtifactStore {
  private readonly mutex = new KeyedMutex();
  private readonly buffers = new SendBuffers();

  /** @param directory absolute; made, and cleared of what a killed server left half written */
  constructor(private readonly directory: string) {
    rmSync(join(directory, INCOMING), { recursive: true, force: true });
    mkdirSync(join(directory, INCOMING), { recursive: true, mode: 0o700 });
  }

  async put(content: Readable, maxBytes = Infinity): Promise<StoredArtifact> {
    const incoming = join(this.directory, INCOMING, newId());
    try {
      const meter = new Meter(maxBytes);
      await pipeline(content, meter, createWriteStream(incoming, { mode: 0o600, flags: 'wx' }));
      return await this.settle(incoming, meter.result);
    } catch (error) {
      await rm(incoming, { force: true });
      throw asStorageError(error);
    }
  }

  async putFile(file: string): Promise<StoredArtifact> {
    try {
      const meter = new Meter(Infinity);
      await pipeline(createReadStream(file), meter.resume());
      return await this.settle(file, meter.result);
    } catch (error) {
      // Another file system: it can only be copied.
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw asStorageError(error);
      const stored = await this.put(createReadStream(file));
      await rm(file, { force: true });
      return stored;
    }
  }

  async get(sha256: string, range?: ByteRange): Promise<Readable> {
    // An end before the start means nothing at all, which a stream cannot be told.
    const part = range ? { start: range.from, end: Math.max(range.from, range.to - 1) } : {};
    const content = createReadStream(this.pathOf(sha256), part);
    await once(content, 'open').catch(() => {
      throw new ArtifactMissingError(sha256);
    });
    return content;
  }

  async sendTo(sha256: string, target: Writable, range?: ByteRange): Promise<void> {
    const handle = await open(this.pathOf(sha256), 'r').catch(() => {
      throw new ArtifactMissingError(sha256);
    });
    try {
      await sendFile(handle, range ?? { from: 0, to: (await handle.stat()).size }, target, this.buffers);
    } finally {
      await handle.close();
    }
  }

  async stat(sha256: string): Promise<ListedArtifact | null> {
    if (!SHA256.test(sha256)) return null;
    const found = await stat(this.pathOf(sha256)).catch(() => null);
    return found ? { sha256, sizeBytes: found.size, storedAt: found.mtime } : null;
  }

  collect(sha256: string, olderThan: Date, isWanted: () => Promise<boolean>): Promise<number | null> {
    return this.mutex.run(sha256, async () => {
      const found = await this.stat(sha256);
      if (!found || found.storedAt >= olderThan || (await isWanted())) return null;
      await rm(this.pathOf(sha256), { force: true });
      return found.sizeBytes;
    });
  }

  async *list(): AsyncGenerator<ListedArtifact> {
    for (const folder of await readdir(this.directory)) {
      if (!/^[0-9a-f]{2}$/.test(folder)) continue;
      for (const name of await readdir(join(this.directory, folder))) {
        const found = await this.stat(name);
        if (found) yield found;
      }
    }
  }

  /**
   * Gives a finished file its final name. Content, then name, then folder are made to last, in this order: after a
   * power cut there is no name without its content. The time of the file is that of now, also when it was there.
   */
  private async settle(file: string, stored: StoredArtifact): Promise<StoredArtifact> {
    const path = this.pathOf(stored.sha256);
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'r+');
    try {
      const now = new Date();
      await handle.utimes(now, now);
      await handle.chmod(0o600);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.mutex.run(stored.sha256, () => rename(file, path));
    await syncFolder(join(path, '..'));
    return stored;
  }

  private pathOf(sha256: string): string {
    if (!SHA256.test(sha256)) throw new ArtifactMissingError('of that name');
    return join(this.directory, sha256.slice(0, 2), sha256);
  }
}

/** Counts and hashes what passes through. */
class Meter extends Transform {
  private readonly hash = createHash('sha256');
  private sizeBytes = 0;

  constructor(private readonly maxBytes: number) {
    super();
  }

  /** Call it once, after the end. */
  get result(): StoredArtifact {
    return { sha256: this.hash.digest('hex'), sizeBytes: this.sizeBytes };
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    this.sizeBytes += chunk.length;
    if (this.sizeBytes > this.maxBytes) return done(tooLarge(this.maxBytes));
    this.hash.update(chunk);
    done(null, chunk);
  }
}

/** The answer to an upload that is larger than the operator allows. */
export function tooLarge(maxBytes: number): DomainError {
  const mebibytes = Math.round((maxBytes / 2 ** 20) * 10) / 10;
  return new DomainError('too-large', 'body-too-large', `The file is larger than ${mebibytes} MiB (UPLOAD_MAX_BYTES).`);
}

/** A full disk as an error that says so; anything else as it is. */
export function asStorageError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new DomainError('insufficient-storage', 'no-space', 'The disk for artefacts is full. Nothing was stored.');
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
