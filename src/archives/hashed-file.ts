import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';

/** What was written: hex digest and size. */
export interface HashedFile {
  sha256: string;
  sizeBytes: number;
}

/**
 * Writes a new file (mode 0600) and hashes it on the way. Never leaves a part of one: on failure the file is removed.
 * @throws the error of the source, or of the disk; EEXIST when the target is there already
 */
export async function writeHashed(target: string, source: AsyncIterable<Buffer>): Promise<HashedFile> {
  const handle = await open(target, 'wx', 0o600);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of source) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await handle.writeFile(chunk);
    }
  } catch (error) {
    await handle.close();
    await rm(target, { force: true });
    throw error;
  }
  await handle.close();
  return { sha256: hash.digest('hex'), sizeBytes };
}
