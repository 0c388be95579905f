import { mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { entryRefused } from './archives.errors';
import { assertLinkTarget, parseEntryName } from './entry-name';
import { LinkResolver } from './link-resolver';
import { NameTree, type EntryKind } from './name-tree';

/**
 * Writes the entries of a hostile archive below an empty folder. Links are made last, when everything else is written:
 * so nothing is ever written through one.
 */
export class TreeWriter {
  private readonly names: NameTree;
  private readonly links: { name: string; segments: string[]; target: string }[] = [];

  /** @param directory exists and is empty */
  constructor(
    private readonly directory: string,
    private readonly maxEntries: number,
  ) {
    this.names = new NameTree(maxEntries);
  }

  async addDirectory(name: string): Promise<void> {
    const segments = await this.claim(name, 'directory');
    if (segments.length > 0) await this.at(name, segments, (path) => mkdir(path, { recursive: true }));
  }

  /** Of the mode only the owner's execute bit is kept. */
  async addFile(name: string, isExecutable: boolean, content: AsyncIterable<Buffer>): Promise<void> {
    const segments = await this.claim(name, 'file');
    const handle = await this.at(name, segments, (path) => open(path, 'wx', 0o600));
    try {
      for await (const chunk of content) await handle.writeFile(chunk);
      await handle.chmod(isExecutable ? 0o755 : 0o644);
    } finally {
      await handle.close();
    }
  }

  async addLink(name: string, target: string): Promise<void> {
    assertLinkTarget(name, target);
    this.links.push({ name, segments: await this.claim(name, 'link'), target });
  }

  /** Makes the links. @throws ArchiveRefusedError when one leaves the tree, or leads round in a circle */
  async finish(signal?: AbortSignal): Promise<void> {
    for (const { name, segments, target } of this.links) {
      signal?.throwIfAborted();
      await this.at(name, segments, (path) => symlink(target, path));
    }
    const resolver = new LinkResolver(this.directory, this.maxEntries);
    for (const { name, segments } of this.links) {
      signal?.throwIfAborted();
      const { outcome } = await resolver.resolve(segments);
      if (outcome === 'leaves') throw entryRefused(name, 'is a symbolic link that leaves the archive');
      if (outcome === 'loops') throw entryRefused(name, 'is a symbolic link that leads round in a circle');
    }
  }

  /** Takes the name and makes the folders above it. */
  private async claim(name: string, kind: EntryKind): Promise<string[]> {
    const segments = parseEntryName(name);
    if (this.names.claim(segments, kind)) {
      await this.at(name, segments.slice(0, -1), (path) => mkdir(path, { recursive: true }));
    }
    return segments;
  }

  /** Does something at the place of an entry. A path that is too long for the system is the archive's fault. */
  private async at<T>(name: string, segments: string[], act: (path: string) => Promise<T>): Promise<T> {
    try {
      return await act(join(this.directory, ...segments));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
      throw entryRefused(name, 'has a name that is too long for this server');
    }
  }
}
