import { FileHandle, open } from 'node:fs/promises';

/** One read is one row of the log and one frame to its readers. */
const CHUNK_BYTES = 128 * 1024;
const POLL_MS = 20;

/** Says whether a reader of a growing file wants more of it. */
export type ChunkReader = (chunk: Buffer) => Promise<'more' | 'enough'>;

/**
 * Reads a file that somebody else writes, from `position`, while it grows. Memory stays at one chunk, however fast
 * the writer is: what is not read yet waits on the disk.
 * @param isDone asked before each read: once true, everything up to the end is read and the work is over
 * @returns where reading ended
 */
export async function followFile(
  file: string,
  position: number,
  isDone: () => boolean,
  onChunk: ChunkReader,
): Promise<number> {
  let handle: FileHandle | null = null;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    for (;;) {
      const isLast = isDone();
      handle ??= await open(file, 'r').catch(() => null);
      const bytesRead = handle ? (await handle.read(buffer, 0, CHUNK_BYTES, position)).bytesRead : 0;
      if (bytesRead > 0) {
        position += bytesRead;
        if ((await onChunk(buffer.subarray(0, bytesRead))) === 'enough') return position;
      } else if (isLast) {
        return position;
      } else {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    }
  } finally {
    await handle?.close();
  }
}
