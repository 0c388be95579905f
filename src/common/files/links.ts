import { readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/**
 * The first symbolic link below a folder that leads out of it, or nowhere; null when there is none. Links are looked
 * at, never followed.
 * @returns its path relative to the folder
 */
export async function findEscapingLink(folder: string): Promise<string | null> {
  const root = await realpath(folder);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = await readlink(link);
    const named = resolve(dirname(link), target);
    const real = await realpath(link).catch(() => null);
    const staysInside = !isAbsolute(target) && isInside(root, named) && real !== null && isInside(root, real);
    if (!staysInside) return relative(root, link);
  }
  return null;
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root + sep);
}
