import type { ModuleInterface } from '../../hcl';
import type { ModuleVersionEntity } from '../persistence/module-version.entity';

/** A published version of a module. Its content never changes. */
export class ModuleVersionResponse {
  id!: string;

  module_id!: string;

  /** @example '1.2.3' */
  version!: string;

  /** Null for an upload. */
  git_tag!: string | null;

  /** The commit it was made of. */
  commit_sha!: string | null;

  /** Whether the tag names another commit now; the version stays what it was. */
  tag_moved!: boolean;

  /** Whether clients may see and download it. */
  enabled!: boolean;

  /** Why nobody should use it any more. */
  deprecated!: string | null;

  /** Of the archive. */
  size_bytes!: number;

  /** Of the archive, in hex. */
  sha256!: string;

  downloads!: number;

  /** The archive; the link works for ten minutes. Null while the version is disabled. */
  download_url!: string | null;

  created_at!: string;
}

export function toModuleVersionResponse(
  version: ModuleVersionEntity,
  downloadUrl: string | null,
): ModuleVersionResponse {
  return {
    id: version.id,
    module_id: version.moduleId,
    version: version.version,
    git_tag: version.gitTag,
    commit_sha: version.commitSha,
    tag_moved: version.tagMoved,
    enabled: version.enabled,
    deprecated: version.deprecated,
    size_bytes: version.sizeBytes,
    sha256: version.sha256,
    downloads: version.downloads,
    download_url: downloadUrl,
    created_at: version.createdAt,
  };
}

export class ReadmeResponse {
  /** @example '1.2.3' */
  version!: string;

  /** As it is in the module, mostly Markdown; null when there is none. */
  content!: string | null;
}

export class ModuleInputResponse {
  name!: string;

  /** As it is written; null when it is not. */
  type!: string | null;

  description!: string | null;

  /** Any JSON; the text of an expression that is none. Null when there is none. */
  default!: unknown;

  required!: boolean;

  sensitive!: boolean;
}

export class ModuleOutputResponse {
  name!: string;

  description!: string | null;

  sensitive!: boolean;
}

export class RequiredProviderResponse {
  /** Its local name. */
  name!: string;

  source!: string | null;

  /** The constraint. */
  version!: string | null;
}

export class ModuleResourceResponse {
  type!: string;

  name!: string;

  mode!: 'managed' | 'data' | 'ephemeral';
}

/** The interface of a version, read from its files. */
export class ModuleDocsResponse {
  /** @example '1.2.3' */
  version!: string;

  inputs!: ModuleInputResponse[];

  outputs!: ModuleOutputResponse[];

  required_providers!: RequiredProviderResponse[];

  resources!: ModuleResourceResponse[];

  /**
   * Paths of modules within it.
   * @example ['modules/subnet']
   */
  submodules!: string[];

  /** Constraints on the version of the tool. */
  required_core!: string[];

  /** Files that could not be read, and why; the rest was. */
  problems!: string[];
}

export function toModuleDocsResponse(version: string, found: ModuleInterface): ModuleDocsResponse {
  return { version, ...found };
}
