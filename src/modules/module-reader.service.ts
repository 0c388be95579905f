import { Injectable, OnModuleInit } from '@nestjs/common';
import { ArtifactLinks } from '../artifacts';
import { AccessScopes } from '../common/access/access-scopes';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { DomainError, NotFoundError } from '../common/errors';
import { PublicAddress } from '../common/http/public-address';
import type { ListQuery, Page } from '../common/http/pagination';
import { isId } from '../common/ids';
import { NamespaceContents, NamespacesService } from '../namespaces';
import { cutVersions } from '../sources';
import { archiveName } from './domain/module-rules';
import { ModuleResponse, toModuleResponse } from './dto/module.response';
import {
  ModuleDocsResponse,
  ModuleVersionResponse,
  ReadmeResponse,
  toModuleDocsResponse,
  toModuleVersionResponse,
} from './dto/module-version.response';
import type { ModulesQuery } from './dto/modules.query';
import { ModuleDownloads } from './module-downloads.service';
import type { ModuleEntity } from './persistence/module.entity';
import { ModuleRepository } from './persistence/module.repository';
import type { ModuleVersionEntity } from './persistence/module-version.entity';
import { ModuleVersionRepository } from './persistence/module-version.repository';

/** Finds modules and their versions, and shows them. */
@Injectable()
export class ModuleReader implements OnModuleInit {
  constructor(
    private readonly modules: ModuleRepository,
    private readonly versions: ModuleVersionRepository,
    private readonly namespaces: NamespacesService,
    private readonly contents: NamespaceContents,
    private readonly scopes: AccessScopes,
    private readonly links: ArtifactLinks,
    private readonly downloads: ModuleDownloads,
    private readonly address: PublicAddress,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.contents.register('module', (ids) => this.modules.countByNamespace(ids));
    this.scopes.register('module', async (id) => (await this.find(id))?.namespaceId ?? null);
  }

  /** What the key may see, newest first. @throws NotFoundError for a namespace it may not know */
  async list(actor: Actor, query: ModulesQuery): Promise<Page<ModuleResponse>> {
    const namespaceId = await this.namespaces.filterFor(actor, query.namespace);
    const { provider, q, limit, cursor } = query;
    const page = await this.modules.findPage({ namespaceId: namespaceId ?? undefined, provider, q, limit, cursor });
    return { next: page.next, items: await this.respond(page.items) };
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<ModuleResponse> {
    return (await this.respond([await this.getEntity(id)]))[0]!;
  }

  /** @throws NotFoundError */
  async getEntity(id: string): Promise<ModuleEntity> {
    const module = await this.find(id);
    if (!module) throw new NotFoundError('module');
    return module;
  }

  /** All versions, highest first. */
  /** Highest first. */
  async listVersions(id: string, query: ListQuery): Promise<Page<ModuleVersionResponse>> {
    const module = await this.getEntity(id);
    const page = cutVersions(await this.versions.findAll(module.id), query);
    return { ...page, items: page.items.map((version) => this.toVersionResponse(module, version)) };
  }

  /** @throws NotFoundError */
  async getVersion(module: ModuleEntity, versionId: string): Promise<ModuleVersionEntity> {
    const version = isId(versionId) ? await this.versions.findIn(module.id, versionId) : null;
    if (!version) throw new NotFoundError('version');
    return version;
  }

  async readme(id: string, version: string | undefined): Promise<ReadmeResponse> {
    const found = await this.getDocumented(id, version);
    return { version: found.version, content: (await this.versions.findDocument(found.id))?.readme ?? null };
  }

  /** @throws NotFoundError also when the version has no documents, which a restored backup may lack */
  async docs(id: string, version: string | undefined): Promise<ModuleDocsResponse> {
    const found = await this.getDocumented(id, version);
    const document = await this.versions.findDocument(found.id);
    if (!document) throw new NotFoundError('documentation of this version');
    return toModuleDocsResponse(found.version, document.interface);
  }

  async respond(modules: ModuleEntity[]): Promise<ModuleResponse[]> {
    const names = await this.namespaces.findNames(modules.map(({ namespaceId }) => namespaceId));
    return modules.map((module) => toModuleResponse(module, names.get(module.namespaceId) ?? '', this.address.host));
  }

  toVersionResponse(module: ModuleEntity, version: ModuleVersionEntity): ModuleVersionResponse {
    const counted = { ...version, downloads: version.downloads + this.downloads.pendingOf(version.id) };
    const url = version.enabled ? `${this.address.url}${this.linkOf(module, version)}` : null;
    return toModuleVersionResponse(counted, url);
  }

  /** Path and query of a link to the archive. */
  linkOf(module: ModuleEntity, version: ModuleVersionEntity): string {
    const filename = archiveName(module.name, module.provider, version.version);
    return this.links.make({ sha256: version.sha256, filename, subject: `module.${version.id}` }, this.clock.now());
  }

  /** The version asked for, or the latest. */
  private async getDocumented(id: string, asked: string | undefined): Promise<ModuleVersionEntity> {
    const module = await this.getEntity(id);
    const number = asked ?? module.latestVersion;
    if (number === null) throw new DomainError('not-found', 'not-found', 'The module has no enabled version yet.');
    const version = await this.versions.findByNumber(module.id, number);
    if (!version) throw new NotFoundError('version');
    return version;
  }

  private find(id: string): Promise<ModuleEntity | null> {
    return isId(id) ? this.modules.findById(id) : Promise.resolve(null);
  }
}
