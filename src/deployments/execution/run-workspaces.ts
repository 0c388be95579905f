import { Injectable } from '@nestjs/common';
import { RunsConfig, StorageConfig } from '../../config/config';
import { RunWorkspace } from './run-workspace';

/** Where the directories of runs are. */
@Injectable()
export class RunWorkspaces {
  constructor(
    private readonly config: RunsConfig,
    private readonly storage: StorageConfig,
  ) {}

  of(runId: string): RunWorkspace {
    return new RunWorkspace(this.storage.workRoot, runId, this.config.runnerUser);
  }
}
