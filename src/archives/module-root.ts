import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What archivers of macOS and `git archive` leave beside the content. */
const IGNORED = ['__MACOSX', '.DS_Store', 'pax_global_header'];

/**
 * The folder that holds the module: the only top-level folder of a tree with no file beside it (archives of GitHub,
 * `tar czf x.tgz folder`), otherwise the tree itself. Once only: terraform would install a folder in it as an empty
 * module, but a folder below that is the author's own wish.
 */
export async function findModuleRoot(directory: string): Promise<string> {
  const entries = (await readdir(directory, { withFileTypes: true })).filter(({ name }) => !IGNORED.includes(name));
  const [only, ...others] = entries;
  return only?.isDirectory() && others.length === 0 ? join(directory, only.name) : directory;
}
