import { DomainError } from '../../common/errors';
import { isVersion, MAX_VERSION_LENGTH } from './versions';

/** A tag of a repository, and the commit it names. */
export interface Tag {
  name: string;
  sha: string;
}

export interface TagVersion {
  tag: string;
  version: string;
  sha: string;
}

export interface SkippedTag {
  tag: string;
  reason: string;
}

/**
 * Which versions the tags of a repository stand for. A tag counts when it is SemVer after `prefix` and an optional `v`.
 * Of two tags for one version (`v1.0.0` and `1.0.0`) the one that comes first by name counts.
 */
export function toVersions(tags: readonly Tag[], prefix: string): { versions: TagVersion[]; skipped: SkippedTag[] } {
  const versions = new Map<string, TagVersion>();
  const skipped: SkippedTag[] = [];
  for (const { name, sha } of [...tags].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const parsed = versionOf(name, prefix);
    if ('reason' in parsed) {
      skipped.push({ tag: name, reason: parsed.reason });
      continue;
    }
    const first = versions.get(parsed.version);
    if (first) skipped.push({ tag: name, reason: `stands for ${parsed.version}, as the tag ${first.tag} does` });
    else versions.set(parsed.version, { tag: name, version: parsed.version, sha });
  }
  return { versions: [...versions.values()], skipped };
}

function versionOf(tag: string, prefix: string): { version: string } | { reason: string } {
  if (!tag.startsWith(prefix)) return { reason: `does not begin with ${prefix}` };
  const rest = tag.slice(prefix.length);
  const version = rest.startsWith('v') ? rest.slice(1) : rest;
  if (isVersion(version)) return { version };
  if (version.length > MAX_VERSION_LENGTH) return { reason: 'is longer than a version may be' };
  const where = prefix === '' ? '' : ` (looked at after ${prefix})`;
  return { reason: `is not a semantic version such as ${prefix}v1.2.3${where}` };
}

/** The tag that somebody means who asks for a version: by its own name, or by the version it stands for. */
export function findTag(tags: TagVersion[], asked: string): TagVersion {
  const tag = tags.find((each) => each.tag === asked) ?? tags.find((each) => each.version === asked);
  if (tag) return tag;
  throw new DomainError(
    'unprocessable',
    'tag-not-found',
    `The repository has no tag for the version "${asked}". Tags must be semantic versions after the tag_prefix, with or without v.`,
  );
}
