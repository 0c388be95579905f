import { Injectable } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../common/clock';
import { RetentionService } from './retention.service';

@Injectable()
export class RetentionSchedule {
  constructor(
    private readonly retention: RetentionService,
    private readonly clock: Clock,
  ) {}

  @Cron(CronExpression.EVERY_HOUR, { name: 'sweep', waitForCompletion: true })
  async sweep(): Promise<void> {
    await this.retention.sweep(this.clock.now());
  }
}
