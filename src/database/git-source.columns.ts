import { Column } from 'typeorm';
import { JSON_TEXT, OPTIONAL_TEXT, OPTIONAL_TIME, optionalVarchar, varchar } from './columns';

/** A tag that is not looked at again while it names this commit. */
export interface PassedOverTag {
  tag: string;
  commit_sha: string;
  reason: string;
}

/** What a sync needs to know of earlier ones. */
export interface SourceHistory {
  passedOver: PassedOverTag[];
  deletedVersions: string[];
}

/** The columns of what may come from the tags of a Git repository: modules and providers. */
export abstract class GitSourceColumns {
  /** Null: versions come by upload alone. */
  @Column({ name: 'git_url', ...OPTIONAL_TEXT })
  gitUrl!: string | null;

  /** What the tags of versions begin with; empty for nothing. */
  @Column({ name: 'tag_prefix', ...varchar(128) })
  tagPrefix!: string;

  @Column({ name: 'git_username', ...OPTIONAL_TEXT })
  gitUsername!: string | null;

  /** Encrypted. */
  @Column({ name: 'git_password', ...OPTIONAL_TEXT })
  gitPassword!: string | null;

  /** Encrypted. */
  @Column({ name: 'git_ssh_key', ...OPTIONAL_TEXT })
  gitSshKey!: string | null;

  /** True when the last sync brought everything there was to bring. */
  @Column({ type: 'boolean' })
  synced!: boolean;

  /** What the last sync could not do, for people. */
  @Column({ name: 'sync_error', ...OPTIONAL_TEXT })
  syncError!: string | null;

  /** When the last sync ended. */
  @Column({ name: 'last_synced_at', ...OPTIONAL_TIME })
  lastSyncedAt!: string | null;

  /** When the next sync by schedule is due; null: none is. */
  @Column({ name: 'sync_due_at', ...OPTIONAL_TIME })
  syncDueAt!: string | null;

  /** Tags that could not be published. There may be thousands: it is read only where it is asked for. */
  @Column({ name: 'passed_over', ...JSON_TEXT, select: false })
  passedOver?: PassedOverTag[];

  /** Versions that were deleted: no tag brings them back by itself. Read only where it is asked for. */
  @Column({ name: 'deleted_versions', ...JSON_TEXT, select: false })
  deletedVersions?: string[];

  /** SHA-256 of the webhook's token in hex. */
  @Column({ name: 'webhook_hash', ...optionalVarchar(64) })
  webhookHash!: string | null;

  /** The webhook's token, encrypted. */
  @Column({ name: 'webhook_token', ...OPTIONAL_TEXT })
  webhookToken!: string | null;
}
