import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database';
import type { SourceHistory } from '../../database/git-source.columns';
import { GitSourceRepository } from '../../database/git-source.repository';
import { ProviderEntity } from './provider.entity';

@Injectable()
export class ProviderRepository extends GitSourceRepository<ProviderEntity> {
  constructor(database: Database) {
    super(database, ProviderEntity, ['name', 'description', 'gitUrl']);
  }

  /** What its tags are listed from, and which versions no tag may bring back. */
  async findListedFrom(
    id: string,
  ): Promise<(Pick<ProviderEntity, 'gitUrl' | 'tagPrefix'> & Pick<SourceHistory, 'deletedVersions'>) | null> {
    const found = await this.database.readManager().findOne(ProviderEntity, {
      select: { id: true, gitUrl: true, tagPrefix: true, deletedVersions: true },
      where: { id },
    });
    return found && { ...found, deletedVersions: found.deletedVersions ?? [] };
  }

  findByName(namespaceId: string, name: string): Promise<ProviderEntity | null> {
    return this.database.readManager().findOneBy(ProviderEntity, { namespaceId, name });
  }
}
