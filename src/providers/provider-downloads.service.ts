import { Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ArtifactReferences, ArtifactSubjects, DownloadCounter } from '../artifacts';
import { Database } from '../database/database';
import { ProviderVersionRepository } from './persistence/provider-version.repository';

/** Downloads of provider packages: which are served, how often each was. */
@Injectable()
export class ProviderDownloads implements OnModuleInit, OnApplicationShutdown {
  private readonly counter = new DownloadCounter((counts) =>
    this.database.transaction(async (transaction) => {
      for (const [id, count] of counts) await this.versions.addDownloads(transaction, id, count);
    }),
  );

  constructor(
    private readonly versions: ProviderVersionRepository,
    private readonly subjects: ArtifactSubjects,
    private readonly references: ArtifactReferences,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    const isServed = (id: string): Promise<boolean> => this.versions.isServed(id);
    this.subjects.register('provider', { isServed, countDownload: (id) => this.counter.count(id) });
    this.subjects.register('checksums', { isServed, countDownload: () => undefined });
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
