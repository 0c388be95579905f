import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { type SweepTask, SweepTasks, type Swept } from '../common/sweep-tasks';
import { ArtifactReferences } from './artifact-references';
import { ARTIFACT_STORE, type ArtifactStore } from './artifact-store.port';

/** Content may be stored for so long before the row that refers to it is. */
const GRACE_MS = 24 * 3_600_000;
const AT_ONCE = 200;

/** Finds and removes artefacts that the database does not know. */
@Injectable()
export class ArtifactCollector implements SweepTask, OnModuleInit {
  readonly failure = 'Stored files that nothing refers to could not be removed.';

  constructor(
    @Inject(ARTIFACT_STORE) private readonly store: ArtifactStore,
    private readonly references: ArtifactReferences,
    private readonly tasks: SweepTasks,
  ) {}

  onModuleInit(): void {
    this.tasks.register(this);
  }

  /** What was not put for a day and is referred to by nothing. */
  async sweep(now: Date, isDryRun: boolean): Promise<Swept> {
    const olderThan = new Date(now.getTime() - GRACE_MS);
    const result: Swept = { removed: [], freedBytes: 0 };
    let batch: { sha256: string; sizeBytes: number }[] = [];
    const clear = async (): Promise<void> => {
      const unreferenced = await this.references.findUnreferenced(batch.map(({ sha256 }) => sha256));
      for (const sha256 of unreferenced) {
        const isWanted = async (): Promise<boolean> => (await this.references.findUnreferenced([sha256])).length === 0;
        const freed = isDryRun
          ? (batch.find((found) => found.sha256 === sha256)?.sizeBytes ?? 0)
          : await this.store.collect(sha256, olderThan, isWanted);
        if (freed === null) continue;
        result.removed.push(`artifacts/${sha256}`);
        result.freedBytes += freed;
      }
      batch = [];
    };
    for await (const found of this.store.list()) {
      if (found.storedAt >= olderThan) continue;
      batch.push(found);
      if (batch.length >= AT_ONCE) await clear();
    }
    await clear();
    return result;
  }
}
