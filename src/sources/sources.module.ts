import { BeforeApplicationShutdown, Module } from '@nestjs/common';
import { GitSources } from './git-sources.service';
import { SyncSchedule } from './sync.schedule';
import { TagSync } from './tag-sync.service';
import { WebhookTokens } from './webhook-tokens.service';
import { WebhooksController } from './webhooks.controller';

/** Git repositories whose tags become versions of modules and providers. */
@Module({
  controllers: [WebhooksController],
  providers: [TagSync, SyncSchedule, WebhookTokens, GitSources],
  exports: [TagSync, GitSources],
})
export class SourcesModule implements BeforeApplicationShutdown {
  constructor(private readonly sync: TagSync) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.sync.stop();
  }
}
