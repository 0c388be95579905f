import { InvalidFieldError } from '../common/errors';
import { kept } from '../common/patch';
import type { PassedOverTag } from '../database/git-source.columns';
import { assertCredentialsStayWithTheirHost, assertRemoteFields, type RemoteSecrets } from '../git';
import type { GitSourceFields } from './dto/git-source.request';

type Owner = 'module' | 'provider';

/** The columns of a Git source that a request decides. */
export interface SourceColumns {
  gitUrl: string | null;
  tagPrefix: string;
  gitUsername: string | null;
  gitPassword: string | null;
  gitSshKey: string | null;
  synced: boolean;
  syncError: string | null;
  lastSyncedAt: string | null;
  syncDueAt: string | null;
  /** Absent: it stays as it is. */
  passedOver?: PassedOverTag[];
  deletedVersions?: string[];
}

/** What a fresh source is before any request has said anything. */
const NONE: SourceColumns = {
  gitUrl: null,
  tagPrefix: '',
  gitUsername: null,
  gitPassword: null,
  gitSshKey: null,
  synced: false,
  syncError: null,
  lastSyncedAt: null,
  syncDueAt: null,
};

/**
 * The columns after a request: absent keeps, null clears. Another repository or prefix is a source that was never
 * synced.
 * @param present null when it is being made
 * A sync that becomes due is noted as such, so that one that a killed server had begun is begun again.
 * @throws InvalidFieldError
 */
export function changedSource(
  owner: Owner,
  id: string,
  present: SourceColumns | null,
  request: GitSourceFields,
  context: { secrets: RemoteSecrets; allowedSchemes: string[]; now: string },
): SourceColumns {
  const before = present ?? NONE;
  assertRemoteFields(request, context.allowedSchemes);
  assertCredentialsStayWithTheirHost({ id, ...before }, request);
  const gitUrl = kept(request.git_url, before.gitUrl);
  const tagPrefix = request.tag_prefix ?? before.tagPrefix;
  const credentials = ['git_username', 'git_password', 'git_ssh_key'] as const;
  const useless = credentials.find((field) => typeof request[field] === 'string');
  if (gitUrl === null && useless !== undefined) {
    throw new InvalidFieldError(useless, 'needs a git_url to be used for');
  }
  const isOther = gitUrl !== before.gitUrl || tagPrefix !== before.tagPrefix;
  const isCleared = gitUrl === null;
  const { secrets } = context;
  // Named one by one: what is given may be a whole row, whose other columns are none of our business.
  const history = isOther ? NONE : before;
  const after: SourceColumns = {
    synced: history.synced,
    syncError: history.syncError,
    lastSyncedAt: history.lastSyncedAt,
    ...(isOther || !present ? { passedOver: [] } : {}),
    // What was deleted stays deleted, wherever its number may come from next.
    ...(present ? {} : { deletedVersions: [] }),
    gitUrl,
    tagPrefix,
    gitUsername: isCleared ? null : kept(request.git_username, before.gitUsername),
    gitPassword: isCleared
      ? null
      : kept(secrets.seal(owner, id, 'git_password', request.git_password), before.gitPassword),
    gitSshKey: isCleared ? null : kept(secrets.seal(owner, id, 'git_ssh_key', request.git_ssh_key), before.gitSshKey),
    syncDueAt: isCleared ? null : before.syncDueAt,
  };
  return mustSync(present, after) ? { ...after, syncDueAt: context.now } : after;
}

/** True when a request changes what a sync finds, so that one is due now. */
export function mustSync(before: SourceColumns | null, after: SourceColumns): boolean {
  if (after.gitUrl === null) return false;
  if (before === null) return true;
  const fields = ['gitUrl', 'tagPrefix', 'gitUsername', 'gitPassword', 'gitSshKey'] as const;
  return fields.some((field) => before[field] !== after[field]);
}
