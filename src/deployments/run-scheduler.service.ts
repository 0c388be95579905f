import { Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { outsideOfRequests } from '../common/http/request-context';
import { RunsConfig } from '../config/config';
import { ServerStoppingError } from '../runner';
import { WorkControl } from '../common/concurrency/work-control';
import { closingMove, isUnforeseen, wasKilled } from './execution/run-closing';
import { RunFailedError, RunnerLostError } from './execution/run-ends';
import { RunExecutor, RunMovedError } from './execution/run-executor';
import { RunState } from './execution/run-state.service';
import { RunWorkspaces } from './execution/run-workspaces';
import { arrangeQueue, QueuePlace } from './domain/run-queue';
import { isAtWork, isFinal } from './domain/run-status';
import { DeploymentRepository } from './persistence/deployment.repository';
import type { RunEntity } from './persistence/run.entity';
import { RunRepository } from './persistence/run.repository';
import { PLATFORM_ACTOR, RunJournal } from './run-journal.service';

const MAX_ATTEMPTS = 2;
const TAKE_UP_EVERY_MS = 30_000;

/**
 * Decides which run works when: at most `RUNNER_CONCURRENCY` at once, one a (deployment, path), approved applies
 * before new runs, older before newer. After a start it takes up what an earlier server left.
 */
@Injectable()
export class RunScheduler implements OnApplicationBootstrap {
  private readonly logger = new Logger(RunScheduler.name);
  private readonly atWork = new Map<string, WorkControl>();
  /** Approved, and waiting for a slot. */
  private readonly approved: string[] = [];
  private readonly tasks = new Set<Promise<void>>();
  private isWaking = false;
  private mustWakeAgain = false;
  private mustTakeUp = false;
  private isDraining = false;
  private isStopping = false;

  constructor(
    private readonly runs: RunRepository,
    private readonly deployments: DeploymentRepository,
    private readonly journal: RunJournal,
    private readonly executor: RunExecutor,
    private readonly workspaces: RunWorkspaces,
    private readonly state: RunState,
    private readonly config: RunsConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.journal.moved.subscribe((run) => this.onMoved(run));
    await this.takeUp();
    this.wake();
    const timer = setInterval(() => this.wake('take up what was lost'), TAKE_UP_EVERY_MS);
    timer.unref();
  }

  /** Begins what should be at work and is not: left by another server, or by a write that failed. */
  private async takeUp(): Promise<void> {
    for (const run of await this.runs.findAtWork()) {
      if (this.atWork.has(run.id) || this.approved.includes(run.id)) continue;
      if (run.status === 'applying' && !this.executor.hasBegunApply(run)) {
        // Approved, but no slot came free before the server ended.
        this.approved.push(run.id);
        continue;
      }
      this.logger.log({ event: 'run_resumed', run_id: run.id, status: run.status, attempt: run.attempt });
      this.begin(run.id, async () => {
        const current = await this.runs.findById(run.id);
        return current && isAtWork(current.status) ? current : null;
      });
    }
  }

  /** Takes nothing new and lets go of what is at work: the tools go on, and the next server follows them. */
  stop(): void {
    this.isStopping = true;
    for (const control of this.atWork.values()) control.letGo();
  }

  /** Begins nothing new, and waits until nothing is at work, or so long. */
  async drain(ms: number): Promise<void> {
    this.isDraining = true;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    while (this.tasks.size > 0) {
      const isOver = await Promise.race([
        Promise.allSettled([...this.tasks]).then(() => false),
        limit.then(() => true),
      ]);
      if (isOver) break;
    }
    clearTimeout(timer);
  }

  /** Tells the work on a run to end. False when no work is going on for it. */
  cancel(runId: string, force: boolean): boolean {
    const control = this.atWork.get(runId);
    control?.cancel(force);
    return control !== undefined;
  }

  isAtWork(runId: string): boolean {
    return this.atWork.has(runId);
  }

  /** Takes an approved run out of the queue for a slot. False when it is not in it: it may be at work already. */
  withdraw(runId: string): boolean {
    const place = this.approved.indexOf(runId);
    if (place >= 0) this.approved.splice(place, 1);
    return place >= 0;
  }

  get atWorkCount(): number {
    return this.atWork.size;
  }

  /** Where runs are that wait: in the queue, or approved and without a slot. */
  async findPlaces(): Promise<Map<string, QueuePlace>> {
    const { places } = arrangeQueue(await this.runs.findPending(), await this.runs.findHolders());
    this.approved.forEach((id, index) => places.set(id, { position: index + 1, waitingFor: { reason: 'capacity' } }));
    return places;
  }

  private onMoved(run: RunEntity): void {
    if (run.status === 'applying' && !this.atWork.has(run.id) && !this.approved.includes(run.id))
      this.approved.push(run.id);
    // The end of work wakes us anyway.
    const makesRoom = run.status === 'pending' || run.status === 'applying' || isFinal(run.status);
    if (makesRoom && !this.atWork.has(run.id)) this.wake();
    if (isFinal(run.status)) {
      this.workspaces
        .of(run.id)
        .discardSecrets()
        .catch((error: unknown) =>
          this.logger.warn({ event: 'plan_not_removed', run_id: run.id, error: String(error) }),
        );
    }
  }

  /** Starts what can be started. Calls while it is at it are answered by one more round. */
  private wake(why?: 'take up what was lost'): void {
    if (why) this.mustTakeUp = true;
    this.mustWakeAgain = true;
    if (this.isWaking) return;
    this.isWaking = true;
    // What starts now may have nothing to do with the request that made room for it.
    void outsideOfRequests(() => this.fillSlots())
      .catch((error: unknown) => this.logger.error({ event: 'scheduler_failed' }, error))
      .finally(() => {
        this.isWaking = false;
        if (this.mustWakeAgain && !this.isDraining) setTimeout(() => this.wake(), 1_000).unref();
      });
  }

  private async fillSlots(): Promise<void> {
    while (this.mustWakeAgain && !this.isDraining) {
      this.mustWakeAgain = false;
      if (this.mustTakeUp) await this.takeUp();
      this.mustTakeUp = false;
      await this.beginApproved();
      if (this.hasSlot()) await this.beginPending();
    }
  }

  private hasSlot(): boolean {
    return this.atWork.size < this.config.concurrency && !this.isDraining;
  }

  private async beginApproved(): Promise<void> {
    for (const id of [...this.approved]) {
      if (!this.hasSlot()) return;
      // The work before the approval is just being put away; its end wakes us again.
      if (this.atWork.has(id) || !this.withdraw(id)) continue;
      this.begin(id, async () => {
        const run = await this.runs.findById(id);
        return run?.status === 'applying' ? run : null;
      });
    }
  }

  private async beginPending(): Promise<void> {
    const { startable } = arrangeQueue(await this.runs.findPending(), await this.runs.findHolders());
    for (const id of startable) {
      if (!this.hasSlot()) return;
      if (this.atWork.has(id)) continue;
      this.begin(id, async () => {
        const run = await this.runs.findById(id);
        if (run?.status !== 'pending') return null;
        const startedAt = new Date().toISOString();
        return this.journal.moveForSure(run, {
          to: 'initializing',
          cause: 'platform',
          actor: PLATFORM_ACTOR,
          changes: { startedAt },
        });
      });
    }
  }

  /**
   * Takes a slot at once, then makes sure with `claim` that the run is still to be worked on. Whoever cancels it from
   * here on finds it at work.
   */
  private begin(runId: string, claim: () => Promise<RunEntity | null>): void {
    const control = new WorkControl();
    this.atWork.set(runId, control);
    const task = this.claimAndWork(claim, control)
      .catch((error: unknown) => {
        if (!this.isStopping) this.logger.error({ event: 'run_not_begun', run_id: runId }, error);
      })
      .finally(() => {
        this.atWork.delete(runId);
        this.tasks.delete(task);
        this.wake();
      });
    this.tasks.add(task);
  }

  private async claimAndWork(claim: () => Promise<RunEntity | null>, control: WorkControl): Promise<void> {
    const run = await claim();
    if (!run) return;
    if (run.cancelRequestedAt !== null) control.cancel(run.cancelForce);
    await this.work(run, control);
  }

  private async work(run: RunEntity, control: WorkControl): Promise<void> {
    try {
      const deployment = await this.deployments.findById(run.deploymentId);
      if (!deployment) return;
      let current = run;
      while (current.status === 'initializing' || current.status === 'planning') {
        try {
          current = await this.executor.prepare(current, deployment, control);
        } catch (error) {
          if (!(error instanceof RunnerLostError)) throw error;
          current = await this.tryOnceMore(current.id, error);
          await this.executor.note(current, deployment, 'The runner was lost; the run is begun once more.');
        }
      }
      if (current.status === 'applying') {
        // Approved by itself: it goes on in the slot it has.
        this.withdraw(current.id);
        await this.executor.apply(current, deployment, control);
      }
    } catch (error) {
      await this.end(run.id, control, error).catch((inner: unknown) => {
        if (!this.isStopping) this.logger.error({ event: 'run_end_not_stored', run_id: run.id }, inner);
      });
    }
  }

  /** @throws RunFailedError when this was the last attempt */
  private async tryOnceMore(runId: string, error: RunnerLostError): Promise<RunEntity> {
    const run = await this.runs.findById(runId);
    if (!run || isFinal(run.status)) throw new RunMovedError();
    if (run.attempt >= MAX_ATTEMPTS) throw new RunFailedError(`${error.message} It was tried twice (runner_lost).`);
    // Its tool has ended, or can do no harm: a plan writes no state.
    await this.state.release(run);
    await this.workspaces.of(runId).clear();
    const next = await this.journal.update(runId, { attempt: run.attempt + 1 });
    if (!next) throw new RunMovedError();
    return next;
  }

  /** Closes a run whose work ended with an error. */
  private async end(runId: string, control: WorkControl, error: unknown): Promise<void> {
    if (error instanceof ServerStoppingError || error instanceof RunMovedError || this.isStopping) return;
    const run = await this.runs.findById(runId);
    if (!run || !isAtWork(run.status)) return;
    if (isUnforeseen(error)) {
      this.logger.error(
        { event: 'run_failed_internally', run_id: runId },
        error instanceof Error ? error.stack : error,
      );
    }
    const isKilled = run.status === 'applying' && wasKilled(error);
    const isLocked = isKilled && (await this.state.isLockedBy(run));
    await this.journal.moveForSure(run, closingMove(run, control.isCancelled, error, isLocked));
  }
}
