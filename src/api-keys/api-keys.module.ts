import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { ServerConfig } from '../config/config';
import { NamespacesModule } from '../namespaces';
import { AccessGuard } from './access.guard';
import { PlatformKeysController } from './api-keys.controller';
import { ApiKeysService } from './api-keys.service';
import { ExistingKeys } from './existing-keys.service';
import { FailedAuthentications } from './failed-authentications.service';
import { FirstAdminKey } from './first-admin-key.service';
import { KeyAuthenticator } from './key-authenticator.service';
import { NamespaceKeysController } from './namespace-keys.controller';
import { ApiKeyRepository } from './persistence/api-key.repository';
import { RateLimitGuard } from './rate-limit.guard';
import { RATE_LIMIT_WINDOW_MS, RateLimit, THROTTLER_NAME } from './rate-limit.service';
import { RegistryAccess } from './registry-access.service';
import { RequestAuthentication } from './request-authentication.service';
import { StateAccess } from './state-access.service';

/** API keys, and the two guards that every request passes: who may do what, then how often. */
@Module({
  imports: [
    NamespacesModule,
    ThrottlerModule.forRootAsync({
      inject: [ServerConfig],
      useFactory: (config: ServerConfig) => ({
        skipIf: () => config.rateLimitPerMinute === 0,
        throttlers: [{ name: THROTTLER_NAME, ttl: RATE_LIMIT_WINDOW_MS, limit: config.rateLimitPerMinute }],
      }),
    }),
  ],
  controllers: [PlatformKeysController, NamespaceKeysController],
  providers: [
    ApiKeysService,
    ApiKeyRepository,
    ExistingKeys,
    KeyAuthenticator,
    FailedAuthentications,
    FirstAdminKey,
    RequestAuthentication,
    RegistryAccess,
    StateAccess,
    RateLimit,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
  ],
  exports: [ExistingKeys, FirstAdminKey, RegistryAccess, RateLimit],
})
export class ApiKeysModule {}
