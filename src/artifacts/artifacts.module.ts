import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { StorageConfig } from '../config/config';
import { ArtifactCollector } from './artifact-collector.service';
import { ArtifactLinks } from './artifact-links.service';
import { ArtifactReferences } from './artifact-references';
import { ARTIFACT_STORE } from './artifact-store.port';
import { ArtifactSubjects } from './artifact-subjects';
import { ArtifactsController } from './artifacts.controller';
import { FileArtifactStore } from './file-artifact-store';
import { Staging } from './staging.service';

/** What clients download: where it is kept, and the links to it. */
@Global()
@Module({
  controllers: [ArtifactsController],
  providers: [
    {
      provide: ARTIFACT_STORE,
      inject: [StorageConfig],
      useFactory: (storage: StorageConfig) => new FileArtifactStore(join(storage.dataDir, 'artifacts')),
    },
    ArtifactLinks,
    ArtifactReferences,
    ArtifactSubjects,
    ArtifactCollector,
    Staging,
  ],
  exports: [ARTIFACT_STORE, ArtifactLinks, ArtifactReferences, ArtifactSubjects, Staging],
})
export class ArtifactsModule {}
