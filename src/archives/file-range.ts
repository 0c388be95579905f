import type { FileHandle } from 'node:fs/promises';

const PIECE_BYTES = 64 * 1024;

/**
 * The bytes of a file from `start` to before `end`, in pieces of one size, so that what a compressor makes of them
 * depends on the content alone. The handle stays open: who opened it closes it, and closing waits for a read.
 * @throws Error when the file is shorter
 */
export async function* fileRange(handle: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const piece = await readExactly(handle, position, Math.min(PIECE_BYTES, end - position));
    position += piece.length;
    yield piece;
  }
}

/** @throws Error when the file ends before */
export async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error('The file is shorter than expected.');
    filled += bytesRead;
  }
  return buffer;
}
