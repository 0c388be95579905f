import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { RegistryAnswers } from '../common/registry/registry-answers.service';
import { GitConfig } from '../config/config';
import { RemoteForgetting, RemoteSecrets } from '../git';
import type { GitSourceFields } from './dto/git-source.request';
import { changedSource, mustSync, type SourceColumns } from './source-changes';
import type { SyncKind } from './sync-kind';
import { TagSync } from './tag-sync.service';
import { type StoredWebhookToken, WebhookTokens } from './webhook-tokens.service';

/** A module or provider, as it is stored. */
type StoredSource = SourceColumns & { id: string; namespaceId: string; webhookToken: string | null };

/** What making, changing and deleting modules and providers have in common: where their versions come from. */
@Injectable()
export class GitSources {
  constructor(
    private readonly sync: TagSync,
    private readonly webhooks: WebhookTokens,
    private readonly secrets: RemoteSecrets,
    private readonly remotes: RemoteForgetting,
    private readonly answers: RegistryAnswers,
    private readonly config: GitConfig,
    private readonly clock: Clock,
  ) {}

  /** The columns after a request. @param present null when it is being made. @throws InvalidFieldError */
  columnsOf({ owner }: SyncKind, id: string, present: SourceColumns | null, request: GitSourceFields): SourceColumns {
    const context = {
      secrets: this.secrets,
      allowedSchemes: this.config.allowedSchemes,
      now: this.clock.timestamp(),
    };
    return changedSource(owner, id, present, request, context);
  }

  /** After it was stored: its tags are looked at soon. */
  wasMade(kind: SyncKind, source: StoredSource): void {
    this.answers.forget(source.namespaceId);
    if (mustSync(null, source)) this.sync.request(kind, source.id);
  }

  /** After the change was stored. @param isOtherFolder versions are made from another folder of the repository now */
  wasChanged(kind: SyncKind, before: StoredSource, after: StoredSource, isOtherFolder = false): void {
    this.answers.forget(after.namespaceId);
    if (!mustSync(before, after) && !(isOtherFolder && after.gitUrl !== null)) return;
    // Another URL or credential must not read what the old one was shown.
    this.remotes.forget(kind.owner, before);
    this.sync.request(kind, after.id);
  }

  wasDeleted(kind: SyncKind, source: StoredSource): void {
    this.answers.forget(source.namespaceId);
    this.remotes.forget(kind.owner, source);
  }

  /** The address to register at the Git server; null while there is none. */
  webhookUrl({ owner }: SyncKind, { id, webhookToken }: Pick<StoredSource, 'id' | 'webhookToken'>): string | null {
    return this.webhooks.urlOf(owner, id, webhookToken);
  }

  /** What is to be stored for a fresh address, in the place of what was. */
  newWebhook({ owner }: SyncKind, id: string): StoredWebhookToken {
    return this.webhooks.make(owner, id);
  }
}
