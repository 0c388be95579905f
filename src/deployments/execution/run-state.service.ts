import { Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../../common/errors';
import { StateLocks, States } from '../../state';
import { backendProblem } from '../domain/managed-backend';
import type { DeploymentEntity } from '../persistence/deployment.entity';
import type { RunEntity } from '../persistence/run.entity';
import { RunFailedError } from './run-ends';
import type { RunWorkspace } from './run-workspace';

/** Where the platform tells what it does. */
interface Notes {
  note(text: string): Promise<void>;
}

/** What the platform does about the state of a run that it keeps itself. */
@Injectable()
export class RunState {
  private readonly logger = new Logger(RunState.name);

  constructor(
    private readonly states: States,
    private readonly locks: StateLocks,
  ) {}

  /** Puts the platform's backend in the place of any other, before init. */
  async inject(run: RunEntity, workspace: RunWorkspace, folder: string, log: Notes): Promise<void> {
    const removed = await workspace.injectBackend(folder, run.tool);
    if (removed.length > 0) {
      await log.note(`The platform keeps the state: removed ${removed.join(', ')}, committed in the repository.`);
    }
  }

  /** After init: the backend is the platform's own, or nothing goes on. @throws RunFailedError */
  async assertOwnBackend(workspace: RunWorkspace, folder: string): Promise<void> {
    const problem = backendProblem(await workspace.readBackendRecord(folder));
    if (problem === null) return;
    throw new RunFailedError(
      `The state would not be kept by the platform: ${problem} (state_backend). Remove override files with a backend or cloud block, or set state_backend to "none" for this deployment.`,
    );
  }

  /**
   * What an apply could not save through the backend is saved now, so that the next plan sees what was really made.
   * Call it when the tool has ended, however it ended.
   */
  async takeErroredState(
    run: RunEntity,
    deployment: DeploymentEntity,
    workspace: RunWorkspace,
    folder: string,
    log: Notes,
  ): Promise<void> {
    const key = { deploymentId: run.deploymentId, path: run.path };
    const author = { label: run.approvedBy ?? run.createdBy, runId: run.id, namespaceId: deployment.namespaceId };
    try {
      const errored = await workspace.findErroredState(folder);
      if (errored === null) return;
      // Somebody else may hold the lock by now, since an admin can break that of a run.
      await this.locks.assertMayWrite(key, undefined, author);
      const version = await this.states.recover(key, errored, author);
      await workspace.forgetErroredState(folder);
      await log.note(
        `The tool left errored.tfstate; the platform stored it as the state with serial ${version.serial}.`,
      );
    } catch (error) {
      // Nothing of this changes how the run ended. The file stays where it is, for a person, as long as the directory does.
      const reason = error instanceof DomainError ? error.message : 'the server made a mistake, see its log';
      this.logger.error({ event: 'errored_state_not_stored', run_id: run.id }, error);
      await log.note(`The tool left errored.tfstate, which could not be stored: ${reason}`).catch(() => undefined);
    }
  }

  /** Gives back what a run that has ended still holds. */
  async release(run: RunEntity): Promise<void> {
    const key = { deploymentId: run.deploymentId, path: run.path };
    if (await this.locks.releaseOf(key, run.id)) this.logger.log({ event: 'state_lock_released', run_id: run.id });
  }

  /** Whether the lock of the state is still held by a run that was killed: it stays, and an admin may break it. */
  async isLockedBy(run: RunEntity): Promise<boolean> {
    return (await this.locks.find({ deploymentId: run.deploymentId, path: run.path }))?.runId === run.id;
  }

  /** Whose lock the run waits for; null when it waits for none. */
  findBlocker(runId: string): string | null {
    return this.locks.findBlocker(runId);
  }
}
