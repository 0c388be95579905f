import type { VersionStatus } from '../domain/version-status';
import type { ProviderPlatformEntity } from '../persistence/provider-platform.entity';
import type { ProviderVersionEntity } from '../persistence/provider-version.entity';

/** The package of a version for one platform. */
export class ProviderPlatformResponse {
  id!: string;

  version_id!: string;

  /** @example 'linux' */
  os!: string;

  /** @example 'amd64' */
  arch!: string;

  /** @example 'terraform-provider-acme_1.2.3_linux_amd64.zip' */
  filename!: string;

  size_bytes!: number;

  /** SHA-256 of the zip in hex. */
  shasum!: string;

  /** The package; the link works for ten minutes. Null unless the version is published and enabled. */
  download_url!: string | null;
}

/** A version of a provider. Once it is published, nothing of it changes but `enabled` and `deprecated`. */
export class ProviderVersionResponse {
  id!: string;

  provider_id!: string;

  /** @example '1.2.3' */
  version!: string;

  /** Null when it does not come from Git. */
  git_tag!: string | null;

  /** The commit that is built. */
  commit_sha!: string | null;

  /** Whether the tag names another commit now. */
  tag_moved!: boolean;

  /** Plugin protocols. */
  protocols!: string[];

  status!: VersionStatus;

  /** Whether clients may see and download it, once it is published. */
  enabled!: boolean;

  /** Why nobody should use it any more. */
  deprecated!: string | null;

  platforms!: ProviderPlatformResponse[];

  /** The key that signed its checksums. */
  signing_key_id!: string | null;

  /** Of packages. */
  downloads!: number;

  published_at!: string | null;

  created_at!: string;
}

export function toPlatformResponse(
  platform: ProviderPlatformEntity,
  downloadUrl: string | null,
): ProviderPlatformResponse {
  return {
    id: platform.id,
    version_id: platform.versionId,
    os: platform.os,
    arch: platform.arch,
    filename: platform.filename,
    size_bytes: platform.sizeBytes,
    shasum: platform.shasum,
    download_url: downloadUrl,
  };
}

export function toProviderVersionResponse(
  version: ProviderVersionEntity,
  platforms: ProviderPlatformResponse[],
): ProviderVersionResponse {
  return {
    id: version.id,
    provider_id: version.providerId,
    version: version.version,
    git_tag: version.gitTag,
    commit_sha: version.commitSha,
    tag_moved: version.tagMoved,
    protocols: version.protocols,
    status: version.status,
    enabled: version.enabled,
    deprecated: version.deprecated,
    platforms,
    signing_key_id: version.signingKeyId,
    downloads: version.downloads,
    published_at: version.publishedAt,
    created_at: version.createdAt,
  };
}
