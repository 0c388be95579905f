import { BeforeApplicationShutdown, Global, Inject, Module, OnModuleInit } from '@nestjs/common';
import { RunsConfig, StorageConfig } from '../config/config';
import { SERVER_ENVIRONMENT } from '../config/config.module';
import { ActiveWork } from './active-work';
import { RUNNER_PORT } from './runner.port';
import { RunnerService } from './runner.service';

/** The way to `iac-runner`. */
@Global()
@Module({
  providers: [
    {
      provide: RunnerService,
      inject: [RunsConfig, StorageConfig, SERVER_ENVIRONMENT],
      useFactory: (runs: RunsConfig, storage: StorageConfig, environment: NodeJS.ProcessEnv) =>
        new RunnerService(runs, storage, environment),
    },
    { provide: RUNNER_PORT, useExisting: RunnerService },
    ActiveWork,
  ],
  exports: [RUNNER_PORT, ActiveWork],
})
export class RunnerModule implements OnModuleInit, BeforeApplicationShutdown {
  constructor(@Inject(RunnerService) private readonly runner: RunnerService) {}

  onModuleInit(): void {
    this.runner.begin();
  }

  beforeApplicationShutdown(): void {
    this.runner.stop();
  }
}
