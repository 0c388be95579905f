import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import { type ArchiveLimits, archiveLimits, findModuleRoot, packModule, unpackArchive } from '../archives';
import { ARTIFACT_STORE, type ArtifactStore, asStorageError, Staging, tooLarge } from '../artifacts';
import { resolveFolderInside } from '../common/files/inside';
import { RegistryConfig } from '../config/config';
import { GIT_PORT, type GitPort, type GitRemote } from '../git';
import { type ModuleInterface, ModuleInterfaceError, ModuleInterfaceReader } from '../hcl';

const README = /^readme(\.md|\.markdown|\.txt|\.rst)?$/i;
const MAX_README_BYTES = 2 ** 20;

/** The content of a version: its archive in the store, and what is told of it. */
export interface ModuleContent {
  sha256: string;
  sizeBytes: number;
  readme: string | null;
  interface: ModuleInterface;
}

/** Makes the archive of a version, from a commit or an upload, and reads its documents. */
@Injectable()
export class ModulePublisher implements OnApplicationShutdown {
  private readonly interfaces = new ModuleInterfaceReader();
  private readonly limits: ArchiveLimits;

  constructor(
    @Inject(GIT_PORT) private readonly git: GitPort,
    @Inject(ARTIFACT_STORE) private readonly store: ArtifactStore,
    private readonly staging: Staging,
    private readonly config: RegistryConfig,
  ) {
    this.limits = archiveLimits(config.uploadMaxBytes);
  }

  /** @throws GitError, ArchiveRefusedError, DomainError */
  fromCommit(remote: GitRemote, sha: string, subdir: string, signal: AbortSignal): Promise<ModuleContent> {
    return this.staging.with(async (directory) => {
      const checkout = join(directory, 'checkout');
      await this.git.clone(remote, sha, checkout, { signal });
      return this.publish(await resolveFolderInside(checkout, subdir), directory, signal);
    });
  }

  /** @param file a `.tar.gz` or `.zip`, told by its content. @throws ArchiveRefusedError, DomainError */
  fromArchive(file: string, signal?: AbortSignal): Promise<ModuleContent> {
    return this.staging.with(async (directory) => {
      const unpacked = await this.staging.create();
      try {
        await unpackArchive(file, unpacked, this.limits, signal);
        return await this.publish(await findModuleRoot(unpacked), directory, signal);
      } catch (error) {
        throw asStorageError(error);
      } finally {
        await this.staging.remove(unpacked);
      }
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.interfaces.close();
  }

  private async publish(root: string, directory: string, signal: AbortSignal | undefined): Promise<ModuleContent> {
    const archive = join(directory, 'module.tar.gz');
    const packed = await packModule(root, archive, this.limits, signal).catch((error: unknown) => {
      throw asStorageError(error);
    });
    if (packed.sizeBytes > this.config.uploadMaxBytes) throw tooLarge(this.config.uploadMaxBytes);
    const [readme, found] = await Promise.all([readReadme(root), this.readInterface(root)]);
    const stored = await this.store.putFile(archive);
    return { ...stored, readme, interface: found };
  }

  private async readInterface(root: string): Promise<ModuleInterface> {
    try {
      return await this.interfaces.read(root);
    } catch (error) {
      if (!(error instanceof ModuleInterfaceError) || error.code === 'module-parser-stopped') throw error;
      return unreadable(error.message);
    }
  }
}

/** What is told of a module whose files cannot be read: it can be published and used all the same. */
function unreadable(message: string): ModuleInterface {
  return {
    inputs: [],
    outputs: [],
    required_providers: [],
    resources: [],
    submodules: [],
    required_core: [],
    problems: [message],
  };
}

/** The README of a folder; a link is not followed, and one that is too large is none. */
async function readReadme(root: string): Promise<string | null> {
  const name = (await readdir(root)).sort().find((entry) => README.test(entry));
  if (name === undefined) return null;
  const file = join(root, name);
  const found = await lstat(file);
  if (!found.isFile() || found.size > MAX_README_BYTES) return null;
  return (await readFile(file)).toString('utf8');
}
