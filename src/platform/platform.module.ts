import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ApiKeysModule } from '../api-keys';
import { DatabaseProbe } from '../database/database-probe';
import { DeploymentsModule } from '../deployments';
import { DiscoveryController } from './discovery.controller';
import { HealthController } from './health.controller';
import { HealthService } from './health.service';
import { MetricsController } from './metrics.controller';
import { MetricsInterceptor } from './metrics.interceptor';
import { MetricsListener } from './metrics.listener';
import { MetricsService } from './metrics.service';
import { RegistryDoor } from './registry-door';

/** Health, metrics, service discovery, and the quick way to answers of the registry. */
@Module({
  imports: [DeploymentsModule, ApiKeysModule],
  controllers: [HealthController, MetricsController, DiscoveryController],
  providers: [
    HealthService,
    DatabaseProbe,
    MetricsService,
    MetricsListener,
    RegistryDoor,
    { provide: APP_INTERCEPTOR, useClass: MetricsInterceptor },
  ],
  exports: [HealthService],
})
export class PlatformModule {}
