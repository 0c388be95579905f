import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditService } from '../audit';
import { Access, CurrentActor, PLATFORM } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { Clock } from '../common/clock';
import { SweepRequest } from './dto/sweep.request';
import { SweepResponse } from './dto/sweep.response';
import { RetentionService } from './retention.service';

@ApiTags('Platform')
@Controller('api/maintenance')
export class MaintenanceController {
  constructor(
    private readonly retention: RetentionService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Does now what is done every hour: expires approvals, removes old working directories. */
  @Post('sweep')
  @HttpCode(200)
  @Access('admin', PLATFORM)
  async sweep(@CurrentActor() actor: Actor, @Body() body: SweepRequest): Promise<SweepResponse> {
    const isDryRun = body.dry_run ?? false;
    const result = await this.retention.sweep(this.clock.now(), isDryRun);
    if (!isDryRun) {
      await this.audit.perform(
        {
          actor: actor.label,
          action: 'maintenance.sweep',
          targetType: 'platform',
          targetId: 'platform',
          namespaceId: null,
          details: { removed: result.removed.length, expired_approvals: result.expired_approvals.length },
        },
        async () => undefined,
      );
    }
    return result;
  }
}
