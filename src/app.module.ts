import { DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { ApiKeysModule } from './api-keys';
import { ArtifactsModule } from './artifacts';
import { AuditModule } from './audit';
import { CommonModule } from './common/common.module';
import type { PlomadaConfig } from './config/config';
import { ConfigModule } from './config/config.module';
import { CryptoModule } from './crypto/crypto.module';
import { Database } from './database/database';
import { DatabaseModule } from './database/database.module';
import { DeploymentsModule } from './deployments';
import { GitModule } from './git';
import { ModulesModule } from './modules';
import { NamespacesModule } from './namespaces';
import { PlatformModule } from './platform';
import { ProvidersModule } from './providers';
import { RetentionModule } from './retention';
import { RunnerModule } from './runner';
import { SigningModule } from './signing';
import { SourcesModule } from './sources';
import { VariablesModule } from './variables';

/** Wires the rooms together. */
@Module({})
export class AppModule {
  static with(config: PlomadaConfig, database: Database): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        DatabaseModule.with(database),
        CommonModule,
        CryptoModule,
        ScheduleModule.forRoot(),
        AuditModule,
        NamespacesModule,
        ApiKeysModule,
        GitModule,
        RunnerModule,
        ArtifactsModule,
        SourcesModule,
        ModulesModule,
        SigningModule,
        ProvidersModule,
        VariablesModule,
        DeploymentsModule,
        RetentionModule,
        PlatformModule,
      ],
    };
  }
}
