import { Injectable, OnModuleInit } from '@nestjs/common';
import { ArtifactLinks } from '../artifacts';
import { AccessScopes } from '../common/access/access-scopes';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { NotFoundError } from '../common/errors';
import { PublicAddress } from '../common/http/public-address';
import type { ListQuery, Page } from '../common/http/pagination';
import { isId } from '../common/ids';
import { NamespaceContents, NamespacesService } from '../namespaces';
import { cutVersions } from '../sources';
import { shasumsName } from './domain/provider-rules';
import { ProviderResponse, toProviderResponse } from './dto/provider.response';
import {
  ProviderPlatformResponse,
  ProviderVersionResponse,
  toPlatformResponse,
  toProviderVersionResponse,
} from './dto/provider-version.response';
import type { ProvidersQuery } from './dto/providers.query';
import type { ProviderEntity } from './persistence/provider.entity';
import type { ProviderPlatformEntity } from './persistence/provider-platform.entity';
import { ProviderRepository } from './persistence/provider.repository';
import type { ProviderVersionEntity } from './persistence/provider-version.entity';
import { ProviderVersionRepository } from './persistence/provider-version.repository';
import { ProviderDownloads } from './provider-downloads.service';

/** Where clients get what belongs to one package; paths and queries. */
export interface PackageLinks {
  download: string;
  shasums: string;
  signature: string;
}

/** Finds providers and their versions, and shows them. */
@Injectable()
export class ProviderReader implements OnModuleInit {
  constructor(
    private readonly providers: ProviderRepository,
    private readonly versions: ProviderVersionRepository,
    private readonly namespaces: NamespacesService,
    private readonly contents: NamespaceContents,
    private readonly scopes: AccessScopes,
    private readonly links: ArtifactLinks,
    private readonly downloads: ProviderDownloads,
    private readonly address: PublicAddress,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.contents.register('provider', (ids) => this.providers.countByNamespace(ids));
    this.scopes.register('provider', async (id) => (await this.find(id))?.namespaceId ?? null);
  }

  /** What the key may see, newest first. @throws NotFoundError for a namespace it may not know */
  async list(actor: Actor, query: ProvidersQuery): Promise<Page<ProviderResponse>> {
    const namespaceId = await this.namespaces.filterFor(actor, query.namespace);
    const { q, limit, cursor } = query;
    const page = await this.providers.findPage({ namespaceId: namespaceId ?? undefined, q, limit, cursor });
    return { next: page.next, items: await this.respond(page.items) };
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<ProviderResponse> {
    return (await this.respond([await this.getEntity(id)]))[0]!;
  }

  /** @throws NotFoundError */
  async getEntity(id: string): Promise<ProviderEntity> {
    const provider = await this.find(id);
    if (!provider) throw new NotFoundError('provider');
    return provider;
  }

  /** All versions, highest first. */
  async listVersions(id: string, query: ListQuery): Promise<Page<ProviderVersionResponse>> {
    const provider = await this.getEntity(id);
    const page = cutVersions(await this.versions.findAll(provider.id), query);
    return { ...page, items: await this.respondVersions(page.items) };
  }

  /** @throws NotFoundError */
  async getVersion(provider: ProviderEntity, versionId: string): Promise<ProviderVersionEntity> {
    const version = isId(versionId) ? await this.versions.findIn(provider.id, versionId) : null;
    if (!version) throw new NotFoundError('version');
    return version;
  }

  async listPlatforms(id: string, versionId: string): Promise<ProviderPlatformResponse[]> {
    const version = await this.getVersion(await this.getEntity(id), versionId);
    return (await this.respondVersions([version]))[0]!.platforms;
  }

  async respond(providers: ProviderEntity[]): Promise<ProviderResponse[]> {
    const names = await this.namespaces.findNames(providers.map(({ namespaceId }) => namespaceId));
    const { host } = this.address;
    return providers.map((provider) => toProviderResponse(provider, names.get(provider.namespaceId) ?? '', host));
  }

  async respondVersions(versions: ProviderVersionEntity[]): Promise<ProviderVersionResponse[]> {
    const platforms = await this.versions.findPlatforms(versions.map(({ id }) => id));
    return versions.map((version) =>
      toProviderVersionResponse(
        { ...version, downloads: version.downloads + this.downloads.pendingOf(version.id) },
        platforms
          .filter(({ versionId }) => versionId === version.id)
          .map((platform) => this.respondPlatform(version, platform)),
      ),
    );
  }

  respondPlatform(version: ProviderVersionEntity, platform: ProviderPlatformEntity): ProviderPlatformResponse {
    const isServed = version.status === 'published' && version.enabled;
    return toPlatformResponse(platform, isServed ? `${this.address.url}${this.packageLink(platform)}` : null);
  }

  /** Links of a published version's package. */
  linksOf(provider: ProviderEntity, version: ProviderVersionEntity, platform: ProviderPlatformEntity): PackageLinks {
    const filename = shasumsName(provider.name, version.version);
    const subject = `checksums.${version.id}`;
    const now = this.clock.now();
    return {
      download: this.packageLink(platform),
      shasums: this.links.make({ sha256: version.shasumsSha256 ?? '', filename, subject }, now),
      signature: this.links.make({ sha256: version.signatureSha256 ?? '', filename: `${filename}.sig`, subject }, now),
    };
  }

  private packageLink({ shasum, filename, versionId }: ProviderPlatformEntity): string {
    return this.links.make({ sha256: shasum, filename, subject: `provider.${versionId}` }, this.clock.now());
  }

  private find(id: string): Promise<ProviderEntity | null> {
    return isId(id) ? this.providers.findById(id) : Promise.resolve(null);
  }
}
