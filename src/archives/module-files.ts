import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveLimits } from './archive-limits';
import { entryRefused } from './archives.errors';
import { sortedByName } from './byte-order';
import { parseEntryName } from './entry-name';
import { LinkResolver, type LinkEnd } from './link-resolver';
import { NameTree, tooManyEntries } from './name-tree';
import { assertUnpackedSize } from './unpack-meter';

/** One file of a module, as it is to be stored. */
export interface ModuleFile {
  /** Name in the archive. */
  name: string;
  /** Where the content lies; no link, and none above it below the root. */
  path: string;
  sizeBytes: number;
  isExecutable: boolean;
}

/** A folder as it is seen on the way down: links to folders give one folder several names. */
interface Visit {
  /** Where it really is, below the root. */
  real: string[];
  /** Its name in the archive. */
  stored: string[];
  /** The real folders on the way to it, itself included. */
  way: string[];
}

/**
 * The files of a module in the order in which they are stored. A link that stays in the tree stands for what it leads
 * to, since terraform's archive reader (go-getter) passes over links; a link to a folder stands for the files in it.
 * Git's and terraform's own files are left out, as are empty folders.
 * @throws ArchiveRefusedError for other links, special files, names that may not be in an archive, and too much
 */
export async function listModuleFiles(
  root: string,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<ModuleFile[]> {
  return new ModuleWalk(root, limits, signal).run();
}

class ModuleWalk {
  private readonly files: ModuleFile[] = [];
  private readonly names: NameTree;
  private readonly links: LinkResolver;
  private bytes = 0;
  private seen = 0;

  constructor(
    private readonly root: string,
    private readonly limits: ArchiveLimits,
    private readonly signal?: AbortSignal,
  ) {
    this.names = new NameTree(limits.maxEntries);
    this.links = new LinkResolver(root, limits.maxEntries);
  }

  async run(): Promise<ModuleFile[]> {
    await this.visit({ real: [], stored: [], way: [''] });
    return sortedByName(this.files);
  }

  private async visit(folder: Visit): Promise<void> {
    const entries = await readdir(join(this.root, ...folder.real), { withFileTypes: true });
    // Links to folders could have us read over what is left out again and again.
    this.seen += entries.length;
    if (this.seen > 2 * this.limits.maxEntries) throw tooManyEntries(this.limits.maxEntries);
    for (const entry of sortedByName(entries)) {
      this.signal?.throwIfAborted();
      if (!isLeftOut(entry.name, entry.isFile())) await this.enter(folder, entry);
    }
  }

  private async enter(folder: Visit, entry: Dirent): Promise<void> {
    const stored = [...folder.stored, entry.name];
    parseEntryName(stored.join('/'));
    const place = [...folder.real, entry.name];
    const { segments: real, stats } = entry.isSymbolicLink()
      ? targetOf(stored, await this.links.resolve(place))
      : { segments: place, stats: await lstat(join(this.root, ...place)) };
    if (stats.isDirectory()) {
      const key = real.join('/');
      if (folder.way.includes(key)) throw entryRefused(stored.join('/'), 'is a symbolic link to a folder it lies in');
      this.names.claim(stored, 'directory');
      await this.visit({ real, stored, way: [...folder.way, key] });
    } else if (stats.isFile()) {
      this.add(stored, join(this.root, ...real), stats);
    } else {
      throw entryRefused(stored.join('/'), 'is neither a file nor a folder (a device, FIFO or socket)');
    }
  }

  private add(stored: string[], path: string, stats: Stats): void {
    this.names.claim(stored, 'file');
    this.bytes += stats.size;
    assertUnpackedSize(this.bytes, this.limits);
    const isExecutable = (stats.mode & 0o100) !== 0;
    this.files.push({ name: stored.join('/'), path, sizeBytes: stats.size, isExecutable });
  }
}

function targetOf(stored: string[], end: LinkEnd): Extract<LinkEnd, { outcome: 'found' }> {
  const name = stored.join('/');
  switch (end.outcome) {
    case 'leaves':
      throw entryRefused(name, 'is a symbolic link that leaves the module');
    case 'loops':
      throw entryRefused(name, 'is a symbolic link that leads round in a circle');
    case 'dangling':
      throw entryRefused(name, 'is a symbolic link to something that does not exist');
    case 'found':
      // Otherwise a link would publish what is left out: credentials in .git/config, a state.
      if (end.segments.some((segment, index) => isLeftOut(segment, isFileAt(end, index)))) {
        throw entryRefused(name, 'is a symbolic link to something that is left out of modules');
      }
      return end;
  }
}

function isFileAt(end: Extract<LinkEnd, { outcome: 'found' }>, index: number): boolean {
  return index === end.segments.length - 1 && end.stats.isFile();
}

/** What belongs to Git, or to a run of terraform, and never to a module. */
function isLeftOut(name: string, isFile: boolean): boolean {
  return (
    name === '.git' ||
    (name === '.terraform' && !isFile) ||
    name.startsWith('terraform.tfstate') ||
    name === '.terraform.tfstate.lock.info'
  );
}
