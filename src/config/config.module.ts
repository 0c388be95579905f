import { DynamicModule, Global, Module } from '@nestjs/common';
import {
  BuildsConfig,
  GitConfig,
  LoggingConfig,
  PlomadaConfig,
  RegistryConfig,
  RunsConfig,
  SecretsConfig,
  ServerConfig,
  StateConfig,
  StorageConfig,
} from './config';

/** Token of the server's own environment, from which child processes are given an allow-listed part. */
export const SERVER_ENVIRONMENT = Symbol('ServerEnvironment');

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
      { provide: StateConfig, useValue: config.state },
      { provide: RegistryConfig, useValue: config.registry },
      { provide: BuildsConfig, useValue: config.builds },
      { provide: LoggingConfig, useValue: config.logging },
      { provide: SERVER_ENVIRONMENT, useValue: process.env },
    ];
    return { module: ConfigModule, providers, exports: providers.map((provider) => provider.provide) };
  }
}
