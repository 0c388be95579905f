import { BeforeApplicationShutdown, Module, OnApplicationShutdown } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys';
import { RunsConfig } from '../config/config';
import { NamespacesModule } from '../namespaces';
import { StateModule } from '../state';
import { VariablesModule } from '../variables';
import { AllRunsController } from './all-runs.controller';
import { DeploymentReader } from './deployment-reader.service';
import { DeploymentsController } from './deployments.controller';
import { DeploymentsService } from './deployments.service';
import { ApplyConditions } from './execution/apply-conditions';
import { PlanOutcomes } from './execution/plan-outcome';
import { PlanReader } from './execution/plan-reader';
import { RunExecutor } from './execution/run-executor';
import { RunInputs } from './execution/run-inputs';
import { RunPhaseLogs } from './execution/run-phase-logs';
import { RunRegistryAccess } from './execution/run-registry-access';
import { RunSecrets } from './execution/run-secrets';
import { RunState } from './execution/run-state.service';
import { RunStateAccess } from './execution/run-state-access';
import { RunWorker } from './execution/run-worker.service';
import { RunWorkspaces } from './execution/run-workspaces';
import { ToolCaller } from './execution/tool-call';
import { DeploymentRepository } from './persistence/deployment.repository';
import { RunEventRepository } from './persistence/run-event.repository';
import { RunRecordsRepository } from './persistence/run-records.repository';
import { RunRepository } from './persistence/run.repository';
import { RepositoryBrowser } from './repository-browser.service';
import { RunActions } from './run-actions.service';
import { RunArchive } from './run-archive.service';
import { RunEventHub } from './run-event-hub';
import { RunHistory } from './run-history.service';
import { RunJournal } from './run-journal.service';
import { RunLogsController } from './run-logs.controller';
import { RunLogs } from './run-logs.service';
import { RunScheduler } from './run-scheduler.service';
import { RunStreams } from './run-stream.service';
import { RunViews } from './run-views.service';
import { RunsController } from './runs.controller';
import { RunsService } from './runs.service';

const IDLE_WITHIN_MS = 10_000;

/** Deployments and their runs. */
@Module({
  imports: [ApiKeysModule, NamespacesModule, StateModule, VariablesModule],
  controllers: [DeploymentsController, RunsController, RunLogsController, AllRunsController],
  providers: [
    DeploymentsService,
    DeploymentReader,
    RunsService,
    RunActions,
    RunWorkspaces,
    RunViews,
    RunHistory,
    RunJournal,
    RunEventHub,
    RunScheduler,
    RunExecutor,
    ApplyConditions,
    RunPhaseLogs,
    RunWorker,
    ToolCaller,
    PlanReader,
    PlanOutcomes,
    RunSecrets,
    RunInputs,
    RunRegistryAccess,
    RunStateAccess,
    RunState,
    RunLogs,
    RunStreams,
    RunArchive,
    RepositoryBrowser,
    DeploymentRepository,
    RunRepository,
    RunEventRepository,
    RunRecordsRepository,
  ],
  exports: [RunArchive, RunEventHub],
})
export class DeploymentsModule implements BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly scheduler: RunScheduler,
    private readonly journal: RunJournal,
    private readonly streams: RunStreams,
    private readonly browser: RepositoryBrowser,
    private readonly config: RunsConfig,
  ) {}

  /**
   * Nothing new is begun; what is at work is waited for where the operator asks for it, and let go of then. Before the
   * listener closes, since streams never end by themselves and would hold it open.
   */
  async beforeApplicationShutdown(): Promise<void> {
    await this.scheduler.drain(this.config.drainSeconds * 1000);
    this.scheduler.stop();
    this.journal.stop();
    this.streams.closeAll();
    this.browser.stop();
  }

  /** What is being stored is stored before the database closes. */
  async onApplicationShutdown(): Promise<void> {
    await this.scheduler.drain(IDLE_WITHIN_MS);
  }
}
