import { Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../common/clock';
import { TagSync } from './tag-sync.service';

@Injectable()
export class SyncSchedule implements OnApplicationBootstrap {
  constructor(
    private readonly sync: TagSync,
    private readonly clock: Clock,
  ) {}

  /** What came due while no server was there, or what a killed one had begun. */
  async onApplicationBootstrap(): Promise<void> {
    await this.sync.requestDue(this.clock.now());
  }

  @Cron(CronExpression.EVERY_MINUTE, { name: 'tag-sync', waitForCompletion: true })
  async requestDue(): Promise<void> {
    await this.sync.requestDue(this.clock.now());
  }
}
