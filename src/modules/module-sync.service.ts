import { Injectable, OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database';
import {
  type KnownVersion,
  markOf,
  type SyncedSource,
  type SyncKind,
  type SyncRecord,
  TagSync,
  type TagVersion,
} from '../sources';
import { ModuleVersions } from './module-versions.service';
import { ModuleRepository } from './persistence/module.repository';
import { ModuleVersionRepository } from './persistence/module-version.repository';

/** The actor of versions that come from tags by themselves. */
const SYNC_ACTOR = 'platform (tag sync)';

/** Modules as the tag sync sees them. */
@Injectable()
export class ModuleSync implements SyncKind, OnModuleInit {
  readonly owner = 'module';

  constructor(
    private readonly modules: ModuleRepository,
    private readonly versions: ModuleVersionRepository,
    private readonly publishing: ModuleVersions,
    private readonly sync: TagSync,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.sync.register(this);
  }

  async findSource(id: string): Promise<SyncedSource | null> {
    const module = await this.modules.findWithHistory(id);
    return module?.gitUrl ? { ...module, gitUrl: module.gitUrl, mark: markOf(module) } : null;
  }

  findVersions(id: string): Promise<KnownVersion[]> {
    return this.versions.findAll(id);
  }

  async publish({ id, mark }: SyncedSource, tag: TagVersion, { signal }: { signal: AbortSignal }): Promise<void> {
    await this.publishing.publishTag(SYNC_ACTOR, id, { tag, listing: { mark, isByName: false } }, signal);
  }

  recordMoves(_id: string, moves: { versionId: string; tagMoved: boolean }[]): Promise<void> {
    return this.database.transaction(async (transaction) => {
      for (const { versionId, tagMoved } of moves) await this.versions.update(transaction, versionId, { tagMoved });
    });
  }

  recordSync({ id, mark }: SyncedSource, record: SyncRecord, syncDueAt: string | null): Promise<void> {
    return this.database.transaction(async (transaction) => {
      const module = await this.modules.findById(id);
      if (!module || markOf(module) !== mark) return;
      await this.modules.update(transaction, id, { ...record, syncDueAt });
    });
  }

  markDue(id: string, syncDueAt: string): Promise<void> {
    return this.database.transaction((transaction) => this.modules.update(transaction, id, { syncDueAt }));
  }

  findDue(now: string, limit: number): Promise<string[]> {
    return this.modules.findDue(now, limit);
  }

  findByWebhook(tokenHash: string): Promise<string | null> {
    return this.modules.findIdByWebhook(tokenHash);
  }
}
