import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of all files below a directory, links not followed; stops counting once `enough` is passed. */
export async function directorySize(directory: string, enough = Infinity): Promise<number> {
  let total = 0;
  const pending = [directory];
  for (let current = pending.pop(); current !== undefined && total <= enough; current = pending.pop()) {
    const folder = current;
    const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
    const files = entries.filter((entry) => !entry.isDirectory());
    for (const entry of entries) if (entry.isDirectory()) pending.push(join(folder, entry.name));
    // Files come and go while git works: one that has gone counts nothing.
    const sizes = files.map((entry) =>
      lstat(join(folder, entry.name)).then(
        (stats) => stats.size,
        () => 0,
      ),
    );
    for (const size of await Promise.all(sizes)) total += size;
  }
  return total;
}
