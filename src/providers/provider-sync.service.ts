import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database';
import { GIT_PORT, type GitPort, RemoteSecrets } from '../git';
import {
  type KnownVersion,
  type Listing,
  markOf,
  type SyncedSource,
  type SyncKind,
  type SyncRecord,
  TagSync,
  type TagVersion,
} from '../sources';
import { BuildsService } from './builds/builds.service';
import { DEFAULT_PLATFORMS } from './domain/platforms';
import { DEFAULT_PROTOCOLS } from './domain/provider-rules';
import { MANIFEST_FILE, protocolsOfManifest } from './domain/registry-manifest';
import type { ProviderEntity } from './persistence/provider.entity';
import { ProviderRepository } from './persistence/provider.repository';
import { ProviderVersionRepository } from './persistence/provider-version.repository';
import { ProviderReader } from './provider-reader.service';
import { ProviderVersions } from './provider-versions.service';

/** The actor of versions that come from tags by themselves. */
const SYNC_ACTOR = 'platform (tag sync)';
const MAX_MANIFEST_BYTES = 64 * 1024;

/** Providers as the tag sync sees them: a new tag is a draft, and with `build_on_tag` is built and published. */
@Injectable()
export class ProviderSync implements SyncKind, OnModuleInit {
  readonly owner = 'provider';

  constructor(
    @Inject(GIT_PORT) private readonly git: GitPort,
    private readonly secrets: RemoteSecrets,
    private readonly reader: ProviderReader,
    private readonly providers: ProviderRepository,
    private readonly versions: ProviderVersionRepository,
    private readonly drafts: ProviderVersions,
    private readonly builds: BuildsService,
    private readonly sync: TagSync,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.sync.register(this);
  }

  async findSource(id: string): Promise<SyncedSource | null> {
    const provider = await this.providers.findWithHistory(id);
    return provider?.gitUrl ? { ...provider, gitUrl: provider.gitUrl, mark: markOf(provider) } : null;
  }

  findVersions(id: string): Promise<KnownVersion[]> {
    return this.versions.findAll(id);
  }

  publish({ id, mark }: SyncedSource, tag: TagVersion, { isNews }: { isNews: boolean }): Promise<void> {
    return this.addTag(id, tag, { mark, isByName: false }, isNews);
  }

  /** Makes a draft of a tag, and a build of it where the provider wants that: both or neither. */
  private async addTag(id: string, tag: TagVersion, listing: Listing, isNews: boolean): Promise<void> {
    const provider = await this.reader.getEntity(id);
    const protocols = await this.protocolsOf(provider, tag);
    const build = await this.database.transaction(async (transaction) => {
      const version = await this.drafts.addDraft(SYNC_ACTOR, provider, {
        version: tag.version,
        protocols,
        from: { tag, listing },
      });
      if (!provider.buildOnTag || !isNews) return null;
      return this.builds.createInUnit(transaction, SYNC_ACTOR, provider, version, DEFAULT_PLATFORMS, true);
    });
    if (build) this.builds.announce(build);
  }

  recordMoves(_id: string, moves: { versionId: string; tagMoved: boolean }[]): Promise<void> {
    return this.database.transaction(async (transaction) => {
      for (const { versionId, tagMoved } of moves) await this.versions.update(transaction, versionId, { tagMoved });
    });
  }

  recordSync({ id, mark }: SyncedSource, record: SyncRecord, syncDueAt: string | null): Promise<void> {
    return this.database.transaction(async (transaction) => {
      const provider = await this.providers.findById(id);
      if (!provider || markOf(provider) !== mark) return;
      await this.providers.update(transaction, id, { ...record, syncDueAt });
    });
  }

  markDue(id: string, syncDueAt: string): Promise<void> {
    return this.database.transaction((transaction) => this.providers.update(transaction, id, { syncDueAt }));
  }

  findDue(now: string, limit: number): Promise<string[]> {
    return this.providers.findDue(now, limit);
  }

  findByWebhook(tokenHash: string): Promise<string | null> {
    return this.providers.findIdByWebhook(tokenHash);
  }

  /** What the repository says of itself at the commit of a tag. */
  async protocolsOf(provider: ProviderEntity, { sha }: TagVersion): Promise<string[]> {
    if (provider.gitUrl === null) return DEFAULT_PROTOCOLS;
    const remote = this.secrets.remoteOf('provider', { ...provider, gitUrl: provider.gitUrl });
    const manifest = await this.git.readFile(remote, sha, MANIFEST_FILE, MAX_MANIFEST_BYTES, this.sync.signal);
    return (manifest && protocolsOfManifest(manifest.toString('utf8'))) ?? DEFAULT_PROTOCOLS;
  }
}
