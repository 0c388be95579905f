import { Injectable } from '@nestjs/common';
import type { Page } from '../../common/http/pagination';
import { Database } from '../../database/database';
import type { SourceHistory } from '../../database/git-source.columns';
import { type GitSourceFilter, GitSourceRepository } from '../../database/git-source.repository';
import { ModuleEntity } from './module.entity';

export interface ModuleFilter extends GitSourceFilter {
  provider?: string;
}

@Injectable()
export class ModuleRepository extends GitSourceRepository<ModuleEntity> {
  constructor(database: Database) {
    super(database, ModuleEntity, ['name', 'provider', 'description', 'gitUrl']);
  }

  /** What its tags are listed from, and which versions no tag may bring back. */
  async findListedFrom(
    id: string,
  ): Promise<(Pick<ModuleEntity, 'gitUrl' | 'tagPrefix' | 'subdir'> & Pick<SourceHistory, 'deletedVersions'>) | null> {
    const found = await this.database.readManager().findOne(ModuleEntity, {
      select: { id: true, gitUrl: true, tagPrefix: true, subdir: true, deletedVersions: true },
      where: { id },
    });
    return found && { ...found, deletedVersions: found.deletedVersions ?? [] };
  }

  /** By its address, whatever the case of the name. */
  findByAddress(namespaceId: string, name: string, provider: string): Promise<ModuleEntity | null> {
    return this.database.readManager().findOneBy(ModuleEntity, { namespaceId, nameKey: name.toLowerCase(), provider });
  }

  override findPage({ provider, ...filter }: ModuleFilter): Promise<Page<ModuleEntity>> {
    return super.findPage(filter, (query) => {
      if (provider !== undefined) query.andWhere('source.provider = :provider', { provider });
    });
  }
}
