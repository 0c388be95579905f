import { lstat, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { RunsConfig, StorageConfig } from '../../config/config';
import { Workspace } from '../../runner';

/** Caches of Go, one for each namespace: what one team's build leaves is never part of another's. */
export const BUILD_CACHES = '.build-cache';
/** What an archive of objects begins with (ar). */
const OBJECT_ARCHIVE = '!<arch>';

/** The directory of one build. */
export class BuildWorkspace extends Workspace {
  constructor(
    private readonly workRoot: string,
    id: string,
    owner: { uid: number; gid: number } | null,
    private readonly namespaceId: string,
  ) {
    super(workRoot, id, owner);
  }

  /** Where Go writes a program; the runner's. */
  get output(): string {
    return join(this.directory, 'output');
  }

  /** Where programs lie that are done; the server's alone. */
  private get built(): string {
    return join(this.directory, 'built');
  }

  /** What Go is told of its caches and its place for short-lived files. */
  get cacheEnvironment(): Record<string, string> {
    return {
      GOCACHE: join(this.cache, 'build'),
      GOMODCACHE: join(this.cache, 'modules'),
      GOPATH: join(this.home, 'go'),
      GOTMPDIR: join(this.directory, 'tmp'),
      HOME: this.home,
    };
  }

  private get cache(): string {
    return join(this.workRoot, BUILD_CACHES, this.namespaceId);
  }

  override async create(): Promise<void> {
    await super.create();
    await mkdir(join(this.workRoot, BUILD_CACHES), { recursive: true, mode: 0o711 });
    for (const folder of [this.cache, this.output, join(this.directory, 'tmp')]) await this.createForRunner(folder);
    // When it was last used: the sweeper removes one that nobody has needed for long.
    const now = new Date();
    await utimes(this.cache, now, now);
    await mkdir(this.built, { recursive: true, mode: 0o700 });
  }

  /**
   * Takes a program out of the runner's reach: from here on what is checked is what is packed.
   * @returns where it is now; null when the runner left no program of this name. Of a package that is no `main`, Go
   *   makes an archive of objects and calls it a success.
   */
  async takeOut(name: string): Promise<string | null> {
    const target = join(this.built, name);
    const isThere = await rename(join(this.output, name), target).then(
      () => true,
      () => false,
    );
    if (!isThere || !(await lstat(target)).isFile()) return null;
    return (await readStart(target, OBJECT_ARCHIVE.length)) === OBJECT_ARCHIVE ? null : target;
  }

  /** A file of the server's own, for the package of a platform. */
  async packageFile(os: string, arch: string): Promise<string> {
    const file = join(this.built, `${os}_${arch}.zip`);
    await rm(file, { force: true });
    return file;
  }
}

async function readStart(file: string, length: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Where the directories of builds are. */
@Injectable()
export class BuildWorkspaces {
  constructor(
    private readonly config: RunsConfig,
    private readonly storage: StorageConfig,
  ) {}

  of(buildId: string, namespaceId: string): BuildWorkspace {
    return new BuildWorkspace(this.storage.workRoot, buildId, this.config.runnerUser, namespaceId);
  }
}
