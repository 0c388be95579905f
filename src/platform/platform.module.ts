import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { DatabaseProbe } from '../database/database-probe';
import { DeploymentsModule } from '../deployments';
import { HealthController } from './health.controller';
import { HealthService } from './health.service';
import { MetricsController } from './metrics.controller';
import { MetricsInterceptor } from './metrics.interceptor';
import { MetricsListener } from './metrics.listener';
import { MetricsService } from './metrics.service';

/** Health and metrics. */
@Module({
  imports: [DeploymentsModule],
  controllers: [HealthController, MetricsController],
  providers: [
    HealthService,
    DatabaseProbe,
    MetricsService,
    MetricsListener,
    { provide: APP_INTERCEPTOR, useClass: MetricsInterceptor },
  ],
  exports: [HealthService],
})
export class PlatformModule {}
