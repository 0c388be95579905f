import { Inject, Injectable } from '@nestjs/common';
import { posix } from 'node:path';
import { DomainError } from '../../common/errors';
import type { SecretPatterns } from '../../common/secrets/secret-patterns';
import { StateConfig } from '../../config/config';
import { GIT_PORT, GitPort } from '../../git';
import { ServerStoppingError } from '../../runner';
import type { PhaseLog } from '../../live-logs/phase-log';
import type { LogPhase } from '../domain/log-phase';
import { applyArguments, initArguments, planArguments, showArguments } from '../domain/tool-arguments';
import type { DeploymentEntity } from '../persistence/deployment.entity';
import type { RunEntity } from '../persistence/run.entity';
import type { RunChanges } from '../persistence/run.repository';
import { Move, PLATFORM_ACTOR, RunJournal } from '../run-journal.service';
import { ApplyConditions } from './apply-conditions';
import { ApprovalPolicyChangedError, PlanOutcomes } from './plan-outcome';
import { PlanReader, type ReadPlan } from './plan-reader';
import type { WorkControl } from '../../common/concurrency/work-control';
import { RunCancelledError, RunFailedError, RunnerLostError } from './run-ends';
import { type Inputs, RunInputs } from './run-inputs';
import { RunPhaseLogs } from './run-phase-logs';
import { RunRegistryAccess } from './run-registry-access';
import { RunSecrets } from './run-secrets';
import { RunState } from './run-state.service';
import { RunStateAccess, type StatePhase } from './run-state-access';
import type { RunWorkspace } from './run-workspace';
import { RunWorkspaces } from './run-workspaces';
import { ToolCaller } from './tool-call';

/** The run was moved by somebody else while it was worked on; there is nothing left to do. */
export class RunMovedError extends Error {}

const LOCAL_STATE_WARNING =
  'The configuration has no backend, so its state is a file in the working directory, which is removed some time after ' +
  'the run: the next run would make everything again. Give it a backend.';

/** One run in the hands of the executor. */
interface Work {
  run: RunEntity;
  deployment: DeploymentEntity;
  workspace: RunWorkspace;
  patterns: SecretPatterns;
  environment: Record<string, string>;
  varFile: string | null;
  control: WorkControl;
}

/**
 * The steps of a run: clone → init → plan → (approval) → apply. Each step first looks whether it was done or begun
 * before, so that the same code starts a run and takes it up after a restart. A command that was started is followed,
 * never started again.
 */
@Injectable()
export class RunExecutor {
  constructor(
    @Inject(GIT_PORT) private readonly git: GitPort,
    private readonly tool: ToolCaller,
    private readonly journal: RunJournal,
    private readonly logs: RunPhaseLogs,
    private readonly conditions: ApplyConditions,
    private readonly plans: PlanReader,
    private readonly outcomes: PlanOutcomes,
    private readonly secrets: RunSecrets,
    private readonly inputs: RunInputs,
    private readonly workspaces: RunWorkspaces,
    private readonly registry: RunRegistryAccess,
    private readonly stateAccess: RunStateAccess,
    private readonly state: RunState,
    private readonly stateConfig: StateConfig,
  ) {}

  /**
   * From `initializing` to the approval, or to the end where none is needed.
   * @returns the run, `awaiting_approval`, `applying` (auto-approved: go on with `apply`) or ended
   */
  async prepare(run: RunEntity, deployment: DeploymentEntity, control: WorkControl): Promise<RunEntity> {
    const work = await this.take(run, deployment, control);
    await work.workspace.create();
    await work.workspace.writeCliConfiguration(this.registry.configurationOf(run.id));
    await this.clone(work);
    await this.init(work);
    await this.beginPlan(work);
    await this.plan(work);
    return work.run;
  }

  /** From `applying` to the end. Applies the plan that was approved, or nothing. */
  async apply(run: RunEntity, deployment: DeploymentEntity, control: WorkControl): Promise<RunEntity> {
    const work = await this.take(run, deployment, control);
    const isFollowed = this.hasBegunApply(run);
    if (!isFollowed) await this.tool.assertNotLostWithTheMachine(run, 'apply');
    if (!isFollowed) await this.conditions.assertPlan(run, work.workspace);
    await this.renewInputs(work, 'apply');
    const log = await this.logs.open(work.run, 'apply', work.patterns);
    if (!isFollowed) await this.conditions.assertEnvironment(run, work.environment, log);
    await work.workspace.writeCliConfiguration(this.registry.configurationOf(run.id));
    const workDirectory = await this.workDirectory(work);
    const call = {
      phase: 'apply' as const,
      command: 'apply' as const,
      args: applyArguments(work.workspace.planFile, this.stateConfig.lockTimeoutSeconds),
      workDirectory,
      environment: this.environmentFor(work, 'apply'),
      requestedBy: run.approvedBy ?? run.createdBy,
      log,
    };
    try {
      const { response } = await this.tool.call(run, work.workspace, call, control);
      await this.takeIn(work, workDirectory, log);
      await this.move(work, { to: 'success', changes: { exitCode: response.exit_code } });
    } catch (error) {
      // The tool goes on, and the next server follows it.
      if (!(error instanceof ServerStoppingError)) await this.takeIn(work, workDirectory, log);
      throw error;
    }
    return work.run;
  }

  /** What an apply left behind in its folder. */
  private async takeIn(work: Work, folder: string, log: PhaseLog<LogPhase>): Promise<void> {
    const { run, deployment, workspace } = work;
    if (isManaged(work)) await this.state.takeErroredState(run, deployment, workspace, folder, log);
    else if (await workspace.hasLocalState(run.path)) await log.note(LOCAL_STATE_WARNING);
  }

  /** True when the tool was asked to apply, perhaps by a server that is gone. */
  hasBegunApply(run: RunEntity): boolean {
    return this.tool.isStarted(run, this.workspaces.of(run.id), 'apply');
  }

  /** A line of the platform's in the log of the phase a run is in. */
  async note(run: RunEntity, deployment: DeploymentEntity, text: string): Promise<void> {
    const phase: LogPhase = run.status === 'applying' ? 'apply' : run.status === 'planning' ? 'plan' : 'init';
    const { patterns } = await this.inputs.read(run, deployment, this.workspaces.of(run.id));
    await (await this.logs.open(run, phase, patterns)).note(text);
  }

  private async take(run: RunEntity, deployment: DeploymentEntity, control: WorkControl): Promise<Work> {
    const workspace = this.workspaces.of(run.id);
    const inputs = await this.inputs.read(run, deployment, workspace);
    return { run, deployment, workspace, ...forWork(workspace, inputs), control };
  }

  /** A command that starts gets the variables as they are now; one that is followed has got its own. */
  private async renewInputs(work: Work, command: StatePhase): Promise<void> {
    if (this.tool.isStarted(work.run, work.workspace, command)) return;
    const inputs = await this.inputs.take(work.run, work.deployment, work.workspace);
    Object.assign(work, forWork(work.workspace, inputs));
  }

  private async clone(work: Work): Promise<void> {
    const cloned = await work.workspace.clonedCommit();
    if (cloned === null) {
      await work.workspace.clear();
      await work.workspace.assertSpace();
      const log = await this.logs.open(work.run, 'clone', work.patterns);
      await this.noteUnmaskable(work, log);
      try {
        const { commitSha } = await this.git.clone(
          this.secrets.remoteOf(work.deployment),
          work.run.ref,
          work.workspace.checkout,
          {
            signal: work.control.signal,
            onOutput: (text) => void log.write(text),
          },
        );
        await log.note(`Checked out ${work.run.ref ?? 'the default branch'} at commit ${commitSha}.`);
        await work.workspace.giveCheckoutToRunner();
        await work.workspace.recordClone(commitSha);
      } catch (error) {
        if (work.control.isCancelled) throw new RunCancelledError();
        if (error instanceof DomainError) await log.note(error.message);
        throw error;
      }
    }
    const commitSha = await work.workspace.clonedCommit();
    if (work.run.commitSha !== commitSha) work.run = await this.update(work, { commitSha });
  }

  private async init(work: Work): Promise<void> {
    await this.renewInputs(work, 'init');
    const log = await this.logs.open(work.run, 'init', work.patterns);
    const workDirectory = await this.workDirectory(work);
    const isFollowed = this.tool.isStarted(work.run, work.workspace, 'init');
    if (!isFollowed) {
      for (const file of work.run.tfvarsFiles) await work.workspace.assertFile(posix.join(work.run.path, file));
      if (await work.workspace.removeCommittedData(workDirectory)) {
        await log.note('Removed the .terraform folder that is committed in the repository.');
      }
      if (isManaged(work)) await this.state.inject(work.run, work.workspace, workDirectory, log);
    }
    try {
      await this.command(work, 'init', initArguments(), log);
    } catch (error) {
      // Init waits for this server for some seconds only, and it was away.
      const isOurFault = isFollowed && work.run.attempt === 1 && error instanceof RunFailedError;
      throw isOurFault ? new RunnerLostError(`${error.message} The server was away meanwhile.`, true) : error;
    }
    if (isManaged(work)) await this.state.assertOwnBackend(work.workspace, workDirectory);
  }

  /** Notes down what the plan is made with, so that an apply with something else is seen. */
  private async beginPlan(work: Work): Promise<void> {
    const isFollowed = this.tool.isStarted(work.run, work.workspace, 'plan');
    await this.renewInputs(work, 'plan');
    const changes = isFollowed ? {} : { plannedEnvironment: this.inputs.fingerprintOf(work.environment) };
    if (work.run.status === 'initializing') await this.move(work, { to: 'planning', changes });
    else if (!isFollowed) work.run = await this.update(work, changes);
    if (!isFollowed) await work.workspace.writeVariables(work.varFile);
  }

  private async plan(work: Work): Promise<void> {
    const { run, workspace } = work;
    const options = {
      operation: run.operation,
      variablesFile: work.varFile === null ? null : await workspace.variablesFileFrom(await this.workDirectory(work)),
      tfvarsFiles: run.tfvarsFiles,
      targets: run.targets,
      replace: run.replace,
      lockTimeoutSeconds: this.stateConfig.lockTimeoutSeconds,
    };
    const log = await this.logs.open(work.run, 'plan', work.patterns);
    const exitCode = await this.command(work, 'plan', planArguments(options, workspace.planFile), log);
    const planSha256 = await workspace.hashPlan();
    if (planSha256 === null) throw new RunFailedError('The tool said that it planned, but there is no plan file.');
    const shown = await this.tool.call(
      work.run,
      workspace,
      {
        phase: 'plan',
        command: 'show',
        args: showArguments(workspace.planFile),
        workDirectory: await this.workDirectory(work),
        environment: this.environmentFor(work, 'plan'),
        requestedBy: run.createdBy,
        log: null,
      },
      work.control,
    );
    const plan = await this.plans.read(shown.outputFile, shown.response.output, run.operation, work.patterns);
    const changes = {
      planSummary: plan.summary,
      planSha256,
      exitCode,
      toolVersion: run.toolVersion ?? plan.toolVersion,
    };
    if (work.control.isCancelled) throw new RunCancelledError();
    await this.settlePlan(work, plan, changes);
  }

  private async settlePlan(work: Work, plan: ReadPlan, changes: RunChanges): Promise<void> {
    const store = this.plans.storing(work.run.id, plan.redacted);
    const { move, inSameUnit } = await this.outcomes.of(work.run, plan, changes, work.patterns);
    try {
      await this.move(work, move, async (transaction) => {
        await store(transaction);
        await inSameUnit(transaction);
      });
    } catch (error) {
      if (!(error instanceof ApprovalPolicyChangedError)) throw error;
      await this.settlePlan(work, plan, changes);
    }
  }

  private async command(
    work: Work,
    command: 'init' | 'plan',
    args: string[],
    log: PhaseLog<LogPhase>,
  ): Promise<number | null> {
    const { response } = await this.tool.call(
      work.run,
      work.workspace,
      {
        phase: command,
        command,
        args,
        workDirectory: await this.workDirectory(work),
        environment: this.environmentFor(work, command),
        requestedBy: work.run.createdBy,
        log,
      },
      work.control,
    );
    // What an earlier server began after it is followed to its end, also to be stopped.
    const isNextStarted = this.tool.isStarted(work.run, work.workspace, command === 'init' ? 'plan' : 'show');
    if (work.control.isCancelled && !isNextStarted) throw new RunCancelledError(response.exit_code);
    return response.exit_code;
  }

  /** What a command is given; of the state, no more than its phase needs. */
  private environmentFor(work: Work, phase: StatePhase): Record<string, string> {
    if (!isManaged(work)) return work.environment;
    return { ...work.environment, ...this.stateAccess.environmentOf(work.run, phase) };
  }

  private workDirectory(work: Work): Promise<string> {
    return work.workspace.resolveFolder(work.run.path);
  }

  private async noteUnmaskable(work: Work, log: PhaseLog<LogPhase>): Promise<void> {
    const { tooShort } = work.patterns;
    if (tooShort > 0) {
      await log.note(`${tooShort} sensitive value(s) are too short (under 6 characters) to be masked in logs.`);
    }
  }

  private async move(
    work: Work,
    move: Omit<Move, 'cause' | 'actor'>,
    inSameUnit?: Parameters<RunJournal['move']>[2],
  ): Promise<void> {
    const moved = await this.journal.moveForSure(
      work.run,
      { cause: 'platform', actor: PLATFORM_ACTOR, ...move },
      inSameUnit,
    );
    if (!moved) throw new RunMovedError();
    work.run = moved;
  }

  private async update(work: Work, changes: RunChanges): Promise<RunEntity> {
    const updated = await this.journal.updateForSure(work.run, changes);
    if (!updated) throw new RunMovedError();
    return updated;
  }
}

/** True when the platform keeps the state of the run. */
function isManaged({ deployment }: Pick<Work, 'deployment'>): boolean {
  return deployment.stateBackend === 'managed';
}

function forWork(
  workspace: RunWorkspace,
  { patterns, environment, varFile }: Inputs,
): Pick<Work, 'patterns' | 'environment' | 'varFile'> {
  return {
    patterns,
    environment: { ...environment, HOME: workspace.home, TF_CLI_CONFIG_FILE: workspace.cliConfigurationFile },
    varFile,
  };
}
