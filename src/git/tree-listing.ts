import type { GitTreeEntry } from './git.port';

/** One line of `git ls-tree`. */
export interface TreeLine {
  mode: string;
  type: string;
  sha: string;
  /** Null for what has no size of its own, and for an object that is missing (`isMissing`). */
  size: number | null;
  isMissing: boolean;
  path: string;
}

/** Reads the output of `git ls-tree -l -z`. */
export function parseTree(output: string): TreeLine[] {
  return output.split('\0').flatMap((line) => {
    const match = /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t(.*)$/s.exec(line);
    if (!match) return [];
    const [, mode = '', type = '', sha = '', size = '', path = ''] = match;
    return [{ mode, type, sha, size: /^\d+$/.test(size) ? Number(size) : null, isMissing: size === 'BAD', path }];
  });
}

/** What the port shows of a folder: files (links among them) and folders, no submodules. */
export function toTreeEntries(lines: TreeLine[]): GitTreeEntry[] {
  return lines
    .filter((line) => line.type === 'blob' || line.type === 'tree')
    .map(({ path, type, size }) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      path,
      type: type === 'tree' ? 'dir' : 'file',
      size,
    }));
}

/** Whether the line is a file with content of its own: a link is not followed, wherever it leads. */
export function isRegularFile(line: TreeLine): boolean {
  return line.type === 'blob' && line.mode.startsWith('100');
}
