import { Inject, Injectable } from '@nestjs/common';
import { type ArchiveLimits, archiveLimits, inspectProviderZip } from '../archives';
import { ARTIFACT_STORE, type ArtifactStore } from '../artifacts';
import { Clock } from '../common/clock';
import { newId } from '../common/ids';
import { RegistryConfig } from '../config/config';
import { packageName } from './domain/provider-rules';
import type { Platform } from './domain/platforms';
import type { ProviderPlatformEntity } from './persistence/provider-platform.entity';

/** Checks packages and puts them into the store; who calls stores the rows they come with. */
@Injectable()
export class ProviderPackages {
  private readonly limits: ArchiveLimits;

  constructor(
    @Inject(ARTIFACT_STORE) private readonly store: ArtifactStore,
    private readonly clock: Clock,
    config: RegistryConfig,
  ) {
    this.limits = archiveLimits(config.uploadMaxBytes);
  }

  /**
   * @param file a zip; it is gone from its place afterwards
   * @throws ArchiveRefusedError for what clients could not install or run; DomainError
   */
  async take(
    file: string,
    of: { name: string; version: string; versionId: string },
    { os, arch }: Platform,
    signal?: AbortSignal,
  ): Promise<ProviderPlatformEntity> {
    const { h1 } = await inspectProviderZip(file, { name: of.name, version: of.version, os }, this.limits, signal);
    const stored = await this.store.putFile(file);
    return {
      id: newId(),
      versionId: of.versionId,
      os,
      arch,
      filename: packageName(of.name, of.version, os, arch),
      sizeBytes: stored.sizeBytes,
      shasum: stored.sha256,
      h1,
      createdAt: this.clock.timestamp(),
    };
  }
}
