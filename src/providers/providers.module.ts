import { BeforeApplicationShutdown, Module } from '@nestjs/common';
import { NamespacesModule } from '../namespaces';
import { SigningModule } from '../signing';
import { SourcesModule } from '../sources';
import { BuildCaches } from './builds/build-caches.service';
import { BuildExecutor } from './builds/build-executor.service';
import { BuildJournal } from './builds/build-journal.service';
import { BuildScheduler } from './builds/build-scheduler.service';
import { BuildEventHub, BuildLogs, BuildStreams } from './builds/build-streams';
import { BuildWorkspaces } from './builds/build-workspace';
import { BuildsController } from './builds/builds.controller';
import { BuildsService } from './builds/builds.service';
import { GoCaller } from './builds/go-caller.service';
import { BuildEventRepository } from './persistence/build-event.repository';
import { BuildRepository } from './persistence/build.repository';
import { ProviderRepository } from './persistence/provider.repository';
import { ProviderVersionRepository } from './persistence/provider-version.repository';
import { ProviderDrafts } from './provider-drafts.service';
import { ProviderDownloads } from './provider-downloads.service';
import { ProviderPackages } from './provider-packages.service';
import { ProviderProtocolController } from './provider-protocol.controller';
import { ProviderPublisher } from './provider-publisher.service';
import { ProviderReader } from './provider-reader.service';
import { ProviderReadme } from './provider-readme.service';
import { ProviderRegistry } from './provider-registry.service';
import { ProviderSync } from './provider-sync.service';
import { ProviderVersionsController } from './provider-versions.controller';
import { ProviderVersions } from './provider-versions.service';
import { ProvidersController } from './providers.controller';
import { ProvidersService } from './providers.service';

/** Providers of the registry, and their builds. */
@Module({
  imports: [NamespacesModule, SourcesModule, SigningModule],
  controllers: [ProvidersController, ProviderVersionsController, BuildsController, ProviderProtocolController],
  providers: [
    ProvidersService,
    ProviderReader,
    ProviderReadme,
    ProviderVersions,
    ProviderDrafts,
    ProviderPublisher,
    ProviderPackages,
    ProviderSync,
    ProviderDownloads,
    ProviderRegistry,
    BuildsService,
    BuildScheduler,
    BuildExecutor,
    BuildJournal,
    BuildWorkspaces,
    BuildCaches,
    GoCaller,
    BuildEventHub,
    BuildStreams,
    BuildLogs,
    ProviderRepository,
    ProviderVersionRepository,
    BuildRepository,
    BuildEventRepository,
  ],
})
export class ProvidersModule implements BeforeApplicationShutdown {
  constructor(
    private readonly scheduler: BuildScheduler,
    private readonly journal: BuildJournal,
    private readonly streams: BuildStreams,
  ) {}

  /** Builds are let go of: the next server begins them anew. Streams never end by themselves. */
  async beforeApplicationShutdown(): Promise<void> {
    this.journal.stop();
    this.streams.closeAll();
    await this.scheduler.stop();
  }
}
