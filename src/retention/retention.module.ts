import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments';
import { MaintenanceController } from './maintenance.controller';
import { RetentionSchedule } from './retention.schedule';
import { RetentionService } from './retention.service';

@Module({
  imports: [DeploymentsModule],
  controllers: [MaintenanceController],
  providers: [RetentionService, RetentionSchedule],
})
export class RetentionModule {}
