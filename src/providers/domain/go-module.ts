import { posix } from 'node:path';

/** What `go mod edit -json` prints, as far as it is of interest. */
interface GoModule {
  Replace?: { Old: { Path: string }; New: { Path: string; Version?: string } }[] | null;
}

/**
 * A `replace` of go.mod, the file of the repository's root, that takes a module from outside the repository: what is
 * built would depend on the machine, and on what others have left there.
 * @param json what `go mod edit -json` printed
 * @returns `MODULE => PATH`; null when there is none
 * @throws SyntaxError
 */
export function findEscapingReplacement(json: string): string | null {
  const { Replace } = JSON.parse(json) as GoModule;
  for (const { Old, New } of Replace ?? []) {
    // One with a version is a module like any other, and its content is in go.sum.
    if (New.Version) continue;
    const path = posix.normalize(New.Path.replaceAll('\\', '/'));
    const leaves = path === '..' || path.startsWith('../') || path.startsWith('/') || /^[A-Za-z]:/.test(path);
    if (leaves) return `${Old.Path} => ${New.Path}`;
  }
  return null;
}
