import { ConflictError } from '../../common/errors';

/** What the tags of a repository, and the content behind them, are found by. */
export interface ListedFrom {
  gitUrl: string | null;
  tagPrefix: string;
  /** Of a module: the folder that becomes its archive. */
  subdir?: string | null;
}

/** A listing of tags that something is to be published from. */
export interface Listing {
  /** From `markOf`, of the source as it was when its tags were listed. */
  mark: string;
  /** Somebody asked for this version, rather than for whatever is new. */
  isByName: boolean;
}

/** The repository, prefix or folder was changed after its tags were listed: they may mean something else now. */
export class SourceChangedError extends ConflictError {
  constructor() {
    super(
      'source-changed',
      'The git_url, tag_prefix or subdir was changed while the tags were being read. Nothing was published from them; try again.',
    );
  }
}

/** The version was deleted after the tags were listed. */
export class VersionDeletedError extends ConflictError {
  constructor(version: string) {
    super('version-deleted', `The version ${version} was deleted: publish it by name to bring it back.`);
  }
}

/** Tells one source of tags from another. */
export function markOf({ gitUrl, tagPrefix, subdir }: ListedFrom): string {
  return JSON.stringify([gitUrl, tagPrefix, subdir ?? '']);
}

/**
 * For the unit that stores a version: what its tag was listed from is still there, and nobody has deleted the version.
 * @throws SourceChangedError, VersionDeletedError
 */
export function assertStillListed(
  listing: Listing,
  now: (ListedFrom & { deletedVersions: string[] }) | null,
  version: string,
): void {
  if (now === null || markOf(now) !== listing.mark) throw new SourceChangedError();
  if (!listing.isByName && now.deletedVersions.includes(version)) throw new VersionDeletedError(version);
}
