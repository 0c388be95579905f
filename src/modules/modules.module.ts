import { Module } from '@nestjs/common';
import { NamespacesModule } from '../namespaces';
import { SourcesModule } from '../sources';
import { ModuleDownloads } from './module-downloads.service';
import { ModuleProtocolController } from './module-protocol.controller';
import { ModulePublisher } from './module-publisher.service';
import { ModulePublishing } from './module-publishing.service';
import { ModuleReader } from './module-reader.service';
import { ModuleRegistry } from './module-registry.service';
import { ModuleSync } from './module-sync.service';
import { ModuleVersionsController } from './module-versions.controller';
import { ModuleVersions } from './module-versions.service';
import { ModulesController } from './modules.controller';
import { ModulesService } from './modules.service';
import { ModuleRepository } from './persistence/module.repository';
import { ModuleVersionRepository } from './persistence/module-version.repository';

/** Modules of the registry. */
@Module({
  imports: [NamespacesModule, SourcesModule],
  controllers: [ModulesController, ModuleVersionsController, ModuleProtocolController],
  providers: [
    ModulesService,
    ModuleReader,
    ModuleVersions,
    ModulePublisher,
    ModulePublishing,
    ModuleSync,
    ModuleDownloads,
    ModuleRegistry,
    ModuleRepository,
    ModuleVersionRepository,
  ],
})
export class ModulesModule {}
