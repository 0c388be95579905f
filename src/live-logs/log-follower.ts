import { FileHandle, open } from 'node:fs/promises';

/** One read is one row of the log and one frame to its readers. */
const CHUNK_BYTES = 128 * 1024;
/** How soon the first output after a pause is seen. */
const POLL_MS = 20;
/** Output that goes on is taken in at this rate: each store costs time that the tool could use. */
const BATCH_MS = 50;

/** Says whether a reader of a growing file wants more of it. */
export type ChunkReader = (chunk: Buffer) => Promise<'more' | 'enough'>;

/**
 * Reads a file that somebody else writes, from `position`, while it grows. Memory stays at one chunk, however fast
 * the writer is: what is not read yet waits on the disk.
 * @param ended settles when the writer has ended: then everything up to the end of the file is read, and the work is
 *   over. When it rejects, nobody waits for the rest.
 * @returns where reading ended
 */
export async function followFile(
  file: string,
  position: number,
  ended: Promise<unknown>,
  onChunk: ChunkReader,
): Promise<number> {
  const writer: { state: 'writing' | 'ended' | 'given up' } = { state: 'writing' };
  const settled = ended.then(
    () => void (writer.state = 'ended'),
    () => void (writer.state = 'given up'),
  );
  let handle: FileHandle | null = null;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  // An end that is known already is seen before the first read.
  await Promise.race([settled, Promise.resolve()]);
  try {
    for (;;) {
      const isLast = writer.state === 'ended';
      handle ??= await open(file, 'r').catch(() => null);
      const bytesRead = handle ? (await handle.read(buffer, 0, CHUNK_BYTES, position)).bytesRead : 0;
      if (bytesRead > 0) {
        position += bytesRead;
        if ((await onChunk(buffer.subarray(0, bytesRead))) === 'enough') return position;
        if (bytesRead < CHUNK_BYTES && !isLast) await pause(BATCH_MS, settled);
      } else if (isLast || writer.state === 'given up') {
        return position;
      } else {
        await pause(POLL_MS, settled);
      }
    }
  } finally {
    await handle?.close();
  }
}

/** Waits so long, or until the writer has ended. */
export async function pause(ms: number, orUntil: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([orUntil, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
