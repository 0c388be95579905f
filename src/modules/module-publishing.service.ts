import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/access/actor';
import { DomainError } from '../common/errors';
import { findTag, TagSync } from '../sources';
import type { ModuleVersionResponse } from './dto/module-version.response';
import { ModuleReader } from './module-reader.service';
import { ModuleSync } from './module-sync.service';
import { ModuleVersions } from './module-versions.service';

/** Publishes a version that somebody names, without waiting for a sync. */
@Injectable()
export class ModulePublishing {
  constructor(
    private readonly reader: ModuleReader,
    private readonly versions: ModuleVersions,
    private readonly kind: ModuleSync,
    private readonly sync: TagSync,
  ) {}

  /** @param asked a tag of the repository, or the version it stands for. @throws DomainError, GitError */
  async publishByName(actor: Actor, id: string, asked: string): Promise<ModuleVersionResponse> {
    const module = await this.reader.getEntity(id);
    if (module.gitUrl === null) {
      throw new DomainError(
        'unprocessable',
        'no-repository',
        'The module has no git_url to take a tag from: upload an archive as the part "file" of a form, or set git_url.',
      );
    }
    const { mark, tags } = await this.sync.findTags(this.kind, id);
    const from = { tag: findTag(tags, asked), listing: { mark, isByName: true } };
    const version = await this.versions.publishTag(actor.label, id, from, this.sync.signal);
    return this.reader.toVersionResponse(module, version);
  }
}
