import { ArchiveRefusedError, entryRefused } from './archives.errors';
import { shownName } from './shown-name';

export type EntryKind = 'file' | 'directory' | 'link';

interface Node {
  name: string;
  kind: EntryKind;
  /** An entry of its own names it; a folder may be there because of what is in it alone. */
  isStated: boolean;
  children: Map<string, Node>;
}

/**
 * All names of one archive. Refuses two of the same name, names that are one and the same on a file system that
 * ignores case or Unicode forms, whatever lies below a file or a link, and too many. Part by part in a tree, so that
 * 20,000 names of 4096 bytes cost no more memory than their parts.
 */
export class NameTree {
  private readonly root: Node = { name: '', kind: 'directory', isStated: false, children: new Map() };
  private count = 0;

  constructor(private readonly maxEntries: number) {}

  /**
   * Takes a name for one entry.
   * @param segments of `parseEntryName`
   * @returns whether a folder above it is new, and so still to be made
   * @throws ArchiveRefusedError
   */
  claim(segments: string[], kind: EntryKind): boolean {
    const name = segments.join('/');
    const last = segments.at(-1);
    if (last === undefined) {
      if (kind !== 'directory') throw entryRefused(name, 'has no name');
      this.countOne();
      return false;
    }
    let folder = this.root;
    let isNew = false;
    for (const segment of segments.slice(0, -1)) {
      let next = find(folder, segment, name);
      if (!next) {
        next = this.add(folder, { name: segment, kind: 'directory', isStated: false, children: new Map() });
        isNew = true;
      }
      if (next.kind === 'link') throw entryRefused(name, 'lies below a symbolic link');
      if (next.kind === 'file') throw entryRefused(name, 'lies below an entry that is a file');
      folder = next;
    }
    const present = find(folder, last, name);
    if (!present) {
      this.add(folder, { name: last, kind, isStated: true, children: new Map() });
      return isNew;
    }
    if (present.isStated || kind !== 'directory') throw entryRefused(name, 'is there twice');
    present.isStated = true;
    return isNew;
  }

  private add(folder: Node, node: Node): Node {
    this.countOne();
    folder.children.set(foldedName(node.name), node);
    return node;
  }

  private countOne(): void {
    this.count++;
    if (this.count > this.maxEntries) throw tooManyEntries(this.maxEntries);
  }
}

export function tooManyEntries(maxEntries: number): ArchiveRefusedError {
  return new ArchiveRefusedError(`There are more than ${maxEntries} entries (files, folders and links), the limit.`);
}

function find(folder: Node, segment: string, name: string): Node | undefined {
  const node = folder.children.get(foldedName(segment));
  if (node && node.name !== segment) {
    throw entryRefused(name, `differs from ${shownName(node.name)} beside it in case or Unicode form only`);
  }
  return node;
}

/** What file systems that ignore case or Unicode forms take for one name; rather one pair too many than one too few. */
function foldedName(segment: string): string {
  return segment.normalize('NFD').toUpperCase().normalize('NFD');
}
