import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Header } from 'tar';
import type { BackupMember } from './manifest';

const BLOCK = 512;
const CHUNK = 2 ** 18;

/** Writes a tar file, one member after the other, and knows the hash of each. Any `tar` can list and unpack it. */
export class ArchiveWriter {
  readonly members: BackupMember[] = [];

  private constructor(
    private readonly handle: FileHandle,
    private readonly writtenAt: Date,
  ) {}

  /** Makes the file (0600). @throws EEXIST */
  static async create(file: string, writtenAt: Date): Promise<ArchiveWriter> {
    return new ArchiveWriter(await open(file, 'wx', 0o600), writtenAt);
  }

  async addText(name: string, text: string): Promise<BackupMember> {
    const content = Buffer.from(text);
    await this.writeHeader(name, content.length);
    await this.write(content);
    await this.pad(content.length);
    return this.note(name, content.length, createHash('sha256').update(content).digest('hex'));
  }

  /** @throws ENOENT when there is no such file; nothing was written then */
  async addFile(name: string, file: string): Promise<BackupMember> {
    const source = await open(file, 'r');
    try {
      const { size } = await source.stat();
      await this.writeHeader(name, size);
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(CHUNK);
      for (let done = 0; done < size;) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, size - done), done);
        if (bytesRead === 0) throw new Error(`${name} became shorter while it was read.`);
        const piece = buffer.subarray(0, bytesRead);
        hash.update(piece);
        await this.write(piece);
        done += bytesRead;
      }
      await this.pad(size);
      return this.note(name, size, hash.digest('hex'));
    } finally {
      await source.close();
    }
  }

  /** Ends the file and makes it last. */
  async finish(): Promise<void> {
    await this.write(Buffer.alloc(2 * BLOCK));
    await this.handle.sync();
    await this.handle.close();
  }

  async abort(): Promise<void> {
    await this.handle.close().catch(() => undefined);
  }

  private async writeHeader(name: string, size: number): Promise<void> {
    const block = Buffer.alloc(BLOCK);
    const header = new Header({ path: name, mode: 0o600, uid: 0, gid: 0, size, mtime: this.writtenAt, type: 'File' });
    if (header.encode(block, 0)) throw new Error(`${name} does not fit into a tar header.`);
    await this.write(block);
  }

  private pad(size: number): Promise<void> {
    return this.write(Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK));
  }

  private async write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.handle.write(bytes, done, bytes.length - done)).bytesWritten;
    }
  }

  private note(name: string, size: number, sha256: string): BackupMember {
    const member = { name, size, sha256 };
    this.members.push(member);
    return member;
  }
}
