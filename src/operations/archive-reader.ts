import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Header } from 'tar';
import type { BackupMember } from './manifest';
import { OperationRefusedError } from './operation-refused.error';

const BLOCK = 512;
const CHUNK = 2 ** 18;
const MAX_TEXT = 2 ** 29;

/** Reads a tar file that `ArchiveWriter` made, one member after the other. */
export class ArchiveReader {
  private position = 0;

  private constructor(
    private readonly handle: FileHandle,
    private readonly size: number,
  ) {}

  /** @throws OperationRefusedError when the file cannot be read */
  static async open(file: string): Promise<ArchiveReader> {
    try {
      const handle = await open(file, 'r');
      return new ArchiveReader(handle, (await handle.stat()).size);
    } catch (error) {
      throw new OperationRefusedError(`${file} cannot be read: ${error instanceof Error ? error.message : ''}`);
    }
  }

  /** The next member, whose content must be read before the one after it; null at the end. */
  async next(): Promise<{ name: string; size: number } | null> {
    const block = await this.read(BLOCK);
    if (block.every((byte) => byte === 0)) return null;
    const header = new Header(block, 0);
    if (!header.cksumValid || header.path === undefined || header.size === undefined || header.type !== 'File') {
      throw damaged('this is not a backup, or it is damaged');
    }
    return { name: header.path, size: header.size };
  }

  async readText({ name, size }: { name: string; size: number }): Promise<{ text: string; member: BackupMember }> {
    if (size > MAX_TEXT) throw damaged(`${name} is too large`);
    const bytes = await this.read(size);
    this.skipPadding(size);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { text: bytes.toString('utf8'), member: { name, size, sha256 } };
  }

  /** Copies the content into a new file (0600) that lasts. */
  async copyTo({ name, size }: { name: string; size: number }, file: string): Promise<BackupMember> {
    const target = await open(file, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      for (let left = size; left > 0;) {
        const piece = await this.read(Math.min(CHUNK, left));
        hash.update(piece);
        await target.writeFile(piece);
        left -= piece.length;
      }
      this.skipPadding(size);
      await target.sync();
      return { name, size, sha256: hash.digest('hex') };
    } finally {
      await target.close();
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async read(length: number): Promise<Buffer> {
    if (this.position + length > this.size) throw damaged('it was cut off');
    const buffer = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.handle.read(buffer, done, length - done, this.position + done);
      if (bytesRead === 0) throw damaged('it was cut off');
      done += bytesRead;
    }
    this.position += length;
    return buffer;
  }

  private skipPadding(size: number): void {
    this.position += (BLOCK - (size % BLOCK)) % BLOCK;
  }
}

/** The refusal of a file that is not what was written. */
export function damaged(what: string): OperationRefusedError {
  return new OperationRefusedError(`The backup cannot be used: ${what}. Take another one.`);
}
