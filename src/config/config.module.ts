import { DynamicModule, Global, Module } from '@nestjs/common';
import { GitConfig, LoggingConfig, PlomadaConfig, RunsConfig, SecretsConfig, ServerConfig, StorageConfig } from './config';

/** Makes each part of the configuration injectable by its class. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: PlomadaConfig): DynamicModule {
    const providers = [
      { provide: ServerConfig, useValue: config.server },
      { provide: StorageConfig, useValue: config.storage },
      { provide: SecretsConfig, useValue: config.secrets },
      { provide: RunsConfig, useValue: config.runs },
      { provide: GitConfig, useValue: config.git },
      { provide: LoggingConfig, useValue: config.logging },
    ];
    return { module: ConfigModule, providers, exports: providers.map((provider) => provider.provide) };
  }
}
