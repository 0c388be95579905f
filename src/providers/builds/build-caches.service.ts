import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, OnModuleInit } from '@nestjs/common';
import { type SweepTask, SweepTasks, type Swept } from '../../common/sweep-tasks';
import { directorySize } from '../../common/files/directory-size';
import { StorageConfig } from '../../config/config';
import { BUILD_CACHES } from './build-workspace';

/** A cache that no build has used for so long is worth less than its space. */
const UNUSED_MS = 14 * 24 * 3_600_000;

/** Tidies up after Go: its caches are made again when they are needed. */
@Injectable()
export class BuildCaches implements SweepTask, OnModuleInit {
  readonly failure = 'The build caches could not be tidied up.';

  constructor(
    private readonly storage: StorageConfig,
    private readonly tasks: SweepTasks,
  ) {}

  onModuleInit(): void {
    this.tasks.register(this);
  }

  async sweep(now: Date, isDryRun: boolean): Promise<Swept> {
    const root = join(this.storage.workRoot, BUILD_CACHES);
    const swept: Swept = { removed: [], freedBytes: 0 };
    for (const name of await readdir(root).catch(() => [])) {
      const directory = join(root, name);
      const found = await lstat(directory);
      if (!found.isDirectory() || now.getTime() - found.mtimeMs < UNUSED_MS) continue;
      swept.removed.push(`${BUILD_CACHES}/${name}`);
      swept.freedBytes += await directorySize(directory);
      if (!isDryRun) await rm(directory, { recursive: true, force: true });
    }
    return swept;
  }
}
