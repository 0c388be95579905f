import { Injectable } from '@nestjs/common';
import { LINK_STEP_SECONDS } from '../artifacts';
import { Clock } from '../common/clock';
import { NotFoundError } from '../common/errors';
import { jsonAnswer } from '../common/registry/registry-answer';
import {
  type RegistryAnswer,
  RegistryAnswers,
  type RegistryNamespace,
} from '../common/registry/registry-answers.service';
import { NamespacesService } from '../namespaces';
import { type ClientKey, Signer } from '../signing';
import { byVersionDescending } from '../sources';
import type { Platform } from './domain/platforms';
import type { RegistryPackageResponse, RegistryProviderVersionsResponse } from './dto/registry-providers.response';
import type { ProviderEntity } from './persistence/provider.entity';
import type { ProviderPlatformEntity } from './persistence/provider-platform.entity';
import { ProviderRepository } from './persistence/provider.repository';
import type { ProviderVersionEntity } from './persistence/provider-version.entity';
import { ProviderVersionRepository } from './persistence/provider-version.repository';
import { ProviderReader } from './provider-reader.service';

const BASE = '/v1/providers/:namespace/:name';

/** A provider as a client names it. */
export interface ProviderAddress {
  namespace: string;
  name: string;
}

interface Found {
  namespace: RegistryNamespace;
  provider: ProviderEntity;
}

/** What clients are answered by the provider registry protocol (`providers.v1`; protocol facts, section 3). */
@Injectable()
export class ProviderRegistry {
  constructor(
    private readonly namespaces: NamespacesService,
    private readonly providers: ProviderRepository,
    private readonly versions: ProviderVersionRepository,
    private readonly reader: ProviderReader,
    private readonly signer: Signer,
    private readonly answers: RegistryAnswers,
    private readonly clock: Clock,
  ) {}

  /** The versions that clients may use. @param path as it was asked for: what the answer is kept under */
  listVersions(path: string, address: ProviderAddress): Promise<RegistryAnswer> {
    return this.answers.make(path, async () => {
      const { namespace, provider } = await this.find(address);
      const served = (await this.versions.findAll(provider.id))
        .filter(({ status, enabled }) => status === 'published' && enabled)
        .sort(byVersionDescending);
      const platforms = await this.platformsByVersion(served);
      const document: RegistryProviderVersionsResponse = {
        versions: served.map(({ id, version, protocols }) => ({
          version,
          protocols,
          platforms: (platforms.get(id) ?? []).map(({ os, arch }) => ({ os, arch })),
        })),
        warnings: served.flatMap(({ version, deprecated }) =>
          deprecated === null ? [] : [`Version ${version} of ${provider.name} is deprecated: ${deprecated}`],
        ),
      };
      return jsonAnswer(`${BASE}/versions`, namespace, document);
    });
  }

  /** Where the package of a platform is, what it must be, and whose signature says so. */
  describePackage(path: string, address: ProviderAddress, number: string, platform: Platform): Promise<RegistryAnswer> {
    return this.answers.make(path, async () => {
      const { namespace, provider } = await this.find(address);
      const version = await this.versions.findByNumber(provider.id, number);
      if (!version?.enabled || version.status !== 'published') throw new NotFoundError('version of the provider');
      const platforms = await this.versions.findPlatforms([version.id]);
      const wanted = platforms.find(({ os, arch }) => os === platform.os && arch === platform.arch);
      if (!wanted) throw new NotFoundError('package for this platform');
      const key = version.signingKeyId === null ? null : await this.signer.findClientKey(version.signingKeyId);
      if (!key) throw new Error(`The published version ${version.id} has no signing key.`);
      const document = this.document(provider, version, { wanted, platforms }, key);
      const staleAt = this.clock.now().getTime() + LINK_STEP_SECONDS * 1000;
      return jsonAnswer(`${BASE}/:version/download/:os/:arch`, namespace, document, staleAt);
    });
  }

  private document(
    provider: ProviderEntity,
    version: ProviderVersionEntity,
    { wanted, platforms }: { wanted: ProviderPlatformEntity; platforms: ProviderPlatformEntity[] },
    key: ClientKey,
  ): RegistryPackageResponse {
    const links = this.reader.linksOf(provider, version, wanted);
    return {
      protocols: version.protocols,
      os: wanted.os,
      arch: wanted.arch,
      filename: wanted.filename,
      download_url: links.download,
      shasums_url: links.shasums,
      shasums_signature_url: links.signature,
      shasum: wanted.shasum,
      // The key that signed this version, and no other: one that clients cannot read would stop them.
      signing_keys: {
        gpg_public_keys: [{ key_id: key.keyId, ascii_armor: key.publicKey, trust_signature: '', source: 'Plomada' }],
      },
      packages: Object.fromEntries(
        platforms.map(({ os, arch, shasum, h1, sizeBytes }) => [
          `${os}_${arch}`,
          { hashes: [`zh:${shasum}`, h1], package_size: sizeBytes },
        ]),
      ),
    };
  }

  private async find(address: ProviderAddress): Promise<Found> {
    const namespace = await this.namespaces.findForRegistry(address.namespace.toLowerCase());
    const provider = namespace && (await this.providers.findByName(namespace.id, address.name.toLowerCase()));
    if (!namespace || !provider) throw new NotFoundError('provider');
    return { namespace, provider };
  }

  private async platformsByVersion(versions: ProviderVersionEntity[]): Promise<Map<string, ProviderPlatformEntity[]>> {
    const platforms = new Map<string, ProviderPlatformEntity[]>();
    for (const platform of await this.versions.findPlatforms(versions.map(({ id }) => id))) {
      platforms.set(platform.versionId, [...(platforms.get(platform.versionId) ?? []), platform]);
    }
    return platforms;
  }
}
