import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { ServerConfig } from '../config/config';
import { NamespacesModule } from '../namespaces';
import { AccessGuard } from './access.guard';
import { PlatformKeysController } from './api-keys.controller';
import { ApiKeysService } from './api-keys.service';
import { FailedAuthentications } from './failed-authentications.service';
import { FirstAdminKey } from './first-admin-key.service';
import { KeyAuthenticator } from './key-authenticator.service';
import { NamespaceKeysController } from './namespace-keys.controller';
import { ApiKeyRepository } from './persistence/api-key.repository';
import { RateLimitGuard } from './rate-limit.guard';
import { RegistryAccess } from './registry-access.service';
import { RequestAuthentication } from './request-authentication.service';

const MINUTE_MS = 60_000;

/** API keys, and the two guards that every request passes: who may do what, then how often. */
@Module({
  imports: [
    NamespacesModule,
    ThrottlerModule.forRootAsync({
      inject: [ServerConfig],
      useFactory: (config: ServerConfig) => ({
        // The name `default` is what gives the headers their plain names, such as `Retry-After`.
        skipIf: () => config.rateLimitPerMinute === 0,
        throttlers: [{ name: 'default', ttl: MINUTE_MS, limit: config.rateLimitPerMinute }],
      }),
    }),
  ],
  controllers: [PlatformKeysController, NamespaceKeysController],
  providers: [
    ApiKeysService,
    ApiKeyRepository,
    KeyAuthenticator,
    FailedAuthentications,
    FirstAdminKey,
    RequestAuthentication,
    RegistryAccess,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
  ],
  exports: [FirstAdminKey, RegistryAccess],
})
export class ApiKeysModule {}
