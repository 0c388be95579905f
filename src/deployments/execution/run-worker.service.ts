import { Injectable, Logger } from '@nestjs/common';
import type { WorkControl } from '../../common/concurrency/work-control';
import { ServerStoppingError } from '../../runner';
import { isAtWork, isFinal } from '../domain/run-status';
import { DeploymentRepository } from '../persistence/deployment.repository';
import type { DeploymentEntity } from '../persistence/deployment.entity';
import type { RunEntity } from '../persistence/run.entity';
import { RunRepository } from '../persistence/run.repository';
import { RunJournal } from '../run-journal.service';
import { closingMove, isPassing, isUnforeseen, wasKilled } from './run-closing';
import { RunCancelledError, RunFailedError, RunnerLostError } from './run-ends';
import { RunExecutor, RunMovedError } from './run-executor';
import { RunState } from './run-state.service';
import { RunWorkspaces } from './run-workspaces';

/** How often the work before the approval is begun. */
const MAX_ATTEMPTS = 2;

/**
 * Takes one run from where it is to its approval or its end, and closes it when the work fails. What was lost with its
 * runner is begun once more, as another attempt, where nothing can have been applied.
 */
@Injectable()
export class RunWorker {
  private readonly logger = new Logger(RunWorker.name);
  private isStopping = false;

  constructor(
    private readonly runs: RunRepository,
    private readonly deployments: DeploymentRepository,
    private readonly journal: RunJournal,
    private readonly executor: RunExecutor,
    private readonly workspaces: RunWorkspaces,
    private readonly state: RunState,
  ) {}

  /** Runs whose work ends from now on are not closed: the next server takes them up. */
  stop(): void {
    this.isStopping = true;
  }

  /**
   * Never rejects.
   * @param onApply called when the apply is about to begin
   * @returns true when a tool is at work, or was, that could not be followed just now: take the run up again
   */
  async work(run: RunEntity, control: WorkControl, onApply: () => void): Promise<boolean> {
    try {
      const deployment = await this.deployments.findById(run.deploymentId);
      if (!deployment) return false;
      const prepared = await this.prepare(run, deployment, control);
      if (prepared.status !== 'applying') return false;
      onApply();
      await this.apply(prepared, deployment, control);
      return false;
    } catch (error) {
      return this.end(run.id, control, error).catch((inner: unknown) => {
        if (!this.isStopping) this.logger.error({ event: 'run_end_not_stored', run_id: run.id }, inner);
        return false;
      });
    }
  }

  private async prepare(run: RunEntity, deployment: DeploymentEntity, control: WorkControl): Promise<RunEntity> {
    let current = run;
    while (current.status === 'initializing' || current.status === 'planning') {
      try {
        current = await this.executor.prepare(current, deployment, control);
      } catch (error) {
        if (!(error instanceof RunnerLostError)) throw error;
        current = await this.beginOnceMore(current.id, error, control);
        await this.executor.note(current, deployment, 'The runner was lost; the run is begun once more.');
      }
    }
    return current;
  }

  private async apply(run: RunEntity, deployment: DeploymentEntity, control: WorkControl): Promise<void> {
    try {
      await this.executor.apply(run, deployment, control);
    } catch (error) {
      // Whatever may have applied something is never begun again.
      if (!(error instanceof RunnerLostError) || error.mayHaveStarted) throw error;
      if (control.isCancelled) throw new RunCancelledError(null, 'never begun');
      if (run.attempt > 1 && this.executor.hasBegunApply({ ...run, attempt: run.attempt - 1 })) throw error;
      const next = await this.nextAttempt(run);
      await this.executor.note(next, deployment, 'The runner was lost before the apply began; it is begun once more.');
      await this.apply(next, deployment, control);
    }
  }

  /** @throws RunFailedError when this was the last attempt */
  private async beginOnceMore(runId: string, error: RunnerLostError, control: WorkControl): Promise<RunEntity> {
    const run = await this.runs.findById(runId);
    if (!run || isFinal(run.status)) throw new RunMovedError();
    if (control.isCancelled) throw new RunCancelledError();
    if (run.attempt >= MAX_ATTEMPTS) throw new RunFailedError(`${error.message} It was tried twice (runner_lost).`);
    await this.workspaces.of(runId).clear();
    return this.nextAttempt(run);
  }

  /** From here on what is left of the old attempt reaches neither the run nor its state, whose lock it gives back. */
  private async nextAttempt(run: RunEntity): Promise<RunEntity> {
    const next = await this.journal.updateForSure(run, { attempt: run.attempt + 1 }, () => this.state.release(run));
    if (!next) throw new RunMovedError();
    return next;
  }

  /** Closes a run whose work ended with an error. True when it must be followed again instead. */
  private async end(runId: string, control: WorkControl, error: unknown): Promise<boolean> {
    if (error instanceof ServerStoppingError || error instanceof RunMovedError || this.isStopping) return false;
    const run = await this.runs.findById(runId);
    if (!run || !isAtWork(run.status)) return false;
    if (isUnforeseen(error)) {
      this.logger.error(
        { event: 'run_failed_internally', run_id: runId },
        error instanceof Error ? error.stack : error,
      );
    }
    // Its tool is at work or has ended: it is not closed under it.
    if (run.status === 'applying' && isPassing(error) && this.executor.hasBegunApply(run)) return true;
    const isKilled = run.status === 'applying' && wasKilled(error);
    const isLocked = isKilled && (await this.state.isLockedBy(run));
    await this.journal.moveForSure(run, closingMove(run, control.isCancelled, error, isLocked));
    return false;
  }
}
