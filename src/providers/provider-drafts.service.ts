import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/access/actor';
import { InvalidFieldError } from '../common/errors';
import { isVersion, TagSync, VERSION_RULE } from '../sources';
import { DEFAULT_PROTOCOLS } from './domain/provider-rules';
import type { CreateProviderVersionRequest } from './dto/provider-version.request';
import type { ProviderVersionResponse } from './dto/provider-version.response';
import { ProviderReader } from './provider-reader.service';
import { ProviderSync } from './provider-sync.service';
import { ProviderVersions } from './provider-versions.service';

/** Makes drafts that somebody asks for. */
@Injectable()
export class ProviderDrafts {
  constructor(
    private readonly reader: ProviderReader,
    private readonly versions: ProviderVersions,
    private readonly kind: ProviderSync,
    private readonly sync: TagSync,
  ) {}

  /**
   * A draft, of the tag that stands for the version where the provider has a repository with one: it can be built then.
   * @throws InvalidFieldError; ConflictError when there is this version; GitError
   */
  async create(actor: Actor, id: string, request: CreateProviderVersionRequest): Promise<ProviderVersionResponse> {
    const { version: number, protocols } = request;
    if (!isVersion(number)) throw new InvalidFieldError('version', VERSION_RULE);
    const provider = await this.reader.getEntity(id);
    await this.versions.assertIsNew(id, number);
    const listed = provider.gitUrl === null ? null : await this.sync.findTags(this.kind, id);
    const tag = listed?.tags.find(({ version }) => version === number) ?? null;
    const ofTag = tag && protocols === undefined ? await this.kind.protocolsOf(provider, tag) : DEFAULT_PROTOCOLS;
    const from = listed && tag ? { tag, listing: { mark: listed.mark, isByName: true } } : null;
    const draft = { version: number, protocols: protocols ?? ofTag, from };
    const version = await this.versions.addDraft(actor.label, provider, draft);
    return (await this.reader.respondVersions([version]))[0]!;
  }
}
