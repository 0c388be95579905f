import { Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ArtifactReferences, ArtifactSubjects, DownloadCounter } from '../artifacts';
import { Database } from '../database/database';
import { ModuleVersionRepository } from './persistence/module-version.repository';

/** Downloads of module archives: which are served, how often each was. */
@Injectable()
export class ModuleDownloads implements OnModuleInit, OnApplicationShutdown {
  private readonly counter = new DownloadCounter((counts) =>
    this.database.transaction(async (transaction) => {
      for (const [id, count] of counts) await this.versions.addDownloads(transaction, id, count);
    }),
  );

  constructor(
    private readonly versions: ModuleVersionRepository,
    private readonly subjects: ArtifactSubjects,
    private readonly references: ArtifactReferences,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.subjects.register('module', {
      isServed: (id) => this.versions.isEnabled(id),
      countDownload: (id) => this.counter.count(id),
    });
    this.references.register((sha256s) => this.versions.findReferenced(sha256s));
  }

  /** Counted, and not stored yet. */
  pendingOf(versionId: string): number {
    return this.counter.pendingOf(versionId);
  }

  onApplicationShutdown(): Promise<void> {
    return this.counter.flush();
  }
}
