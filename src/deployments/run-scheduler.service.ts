import { Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { outsideOfRequests } from '../common/http/request-context';
import { RunsConfig } from '../config/config';
import { WorkControl } from '../common/concurrency/work-control';
import { RunExecutor } from './execution/run-executor';
import { RunWorker } from './execution/run-worker.service';
import { RunWorkspaces } from './execution/run-workspaces';
import { ArrangedQueue, arrangeQueue, QueuedRun, SlotUse } from './domain/run-queue';
import { isAtWork, isFinal } from './domain/run-status';
import type { RunEntity } from './persistence/run.entity';
import { RunRepository } from './persistence/run.repository';
import { PLATFORM_ACTOR, RunJournal } from './run-journal.service';

const TAKE_UP_EVERY_MS = 30_000;
/** Longer than a cancel may wait for the database. */
const WITHDRAWN_FOR_MS = 60_000;
const AGAIN_AFTER_FAILURE_MS = 1_000;

/** The queue at one moment. */
export interface QueueView {
  /** All runs that have not ended, oldest first. */
  active: QueuedRun[];
  slots: SlotUse;
  arranged: ArrangedQueue;
}

/**
 * Decides which run works when: at most `RUNNER_CONCURRENCY` at once, one a (deployment, path), namespaces by turns
 * (`arrangeQueue`). After a start it takes up what an earlier server left.
 */
@Injectable()
export class RunScheduler implements OnApplicationBootstrap {
  private readonly logger = new Logger(RunScheduler.name);
  private readonly atWork = new Map<string, WorkControl>();
  /** Approved, and waiting for a slot. */
  private readonly approved: string[] = [];
  /** Approved runs that are being cancelled, and since when (milliseconds since 1970): they must not begin meanwhile. */
  private readonly withdrawn = new Map<string, number>();
  /** When each namespace was last given a slot, counted in slots given. */
  private readonly lastServed = new Map<string, number>();
  private served = 0;
  private readonly tasks = new Set<Promise<void>>();
  private isWaking = false;
  private mustWakeAgain = false;
  private mustTakeUp = false;
  private isDraining = false;
  private isStopping = false;

  constructor(
    private readonly runs: RunRepository,
    private readonly journal: RunJournal,
    private readonly executor: RunExecutor,
    private readonly worker: RunWorker,
    private readonly workspaces: RunWorkspaces,
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
    const found = await this.runs.findAtWork();
    if (this.isDraining) return;
    for (const run of found) {
      if (this.atWork.has(run.id) || this.approved.includes(run.id) || this.isWithdrawn(run.id)) continue;
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
    this.worker.stop();
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
    // Approved at the same moment: it begins without a slot, only to find that it is to end.
    if (this.approved.includes(runId) && !this.isDraining) this.beginApproved(runId);
    const control = this.atWork.get(runId);
    control?.cancel(force);
    return control !== undefined;
  }

  isAtWork(runId: string): boolean {
    return this.atWork.has(runId);
  }

  /**
   * Takes an approved run out of the queue for a slot, for somebody who cancels it now. False when it is not in it: it
   * may be at work already.
   */
  withdraw(runId: string): boolean {
    if (this.atWork.has(runId) || !this.takeOut(runId)) return false;
    this.withdrawn.set(runId, Date.now());
    return true;
  }

  private takeOut(runId: string): boolean {
    const place = this.approved.indexOf(runId);
    if (place >= 0) this.approved.splice(place, 1);
    return place >= 0;
  }

  /** A cancel that was not stored in time has failed: then the run is as approved as before. */
  private isWithdrawn(runId: string): boolean {
    const since = this.withdrawn.get(runId);
    if (since === undefined) return false;
    if (Date.now() - since < WITHDRAWN_FOR_MS) return true;
    this.withdrawn.delete(runId);
    return false;
  }

  get atWorkCount(): number {
    return this.atWork.size;
  }

  /** Who waits for what, and in which order they begin. */
  async findQueue(): Promise<QueueView> {
    const active = await this.runs.findQueued();
    // Read after the wait, so that it is no older than the runs.
    const slots = {
      count: this.config.concurrency,
      atWork: [...this.atWork.keys()],
      approved: [...this.approved],
      lastServed: this.lastServed,
    };
    return { active, slots, arranged: arrangeQueue(active, slots) };
  }

  private onMoved(run: RunEntity): void {
    // Also when it is at work: the work before the approval may just be being put away. If not, it was approved by
    // itself and goes on in its slot (`work`).
    if (run.status === 'applying' && !this.approved.includes(run.id)) this.approved.push(run.id);
    // The end of work wakes us anyway.
    const makesRoom = run.status === 'pending' || run.status === 'applying' || isFinal(run.status);
    if (makesRoom && !this.atWork.has(run.id)) this.wake();
    if (isFinal(run.status)) {
      this.takeOut(run.id);
      this.withdrawn.delete(run.id);
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
      .then(() => 0)
      .catch((error: unknown) => {
        this.logger.error({ event: 'scheduler_failed' }, error instanceof Error ? error.stack : error);
        this.mustWakeAgain = true;
        return AGAIN_AFTER_FAILURE_MS;
      })
      .then((ms) => {
        this.isWaking = false;
        // Somebody called after the last round, or there was no round.
        if (this.mustWakeAgain && !this.isDraining) setTimeout(() => this.wake(), ms).unref();
      });
  }

  private async fillSlots(): Promise<void> {
    while (this.mustWakeAgain && !this.isDraining) {
      this.mustWakeAgain = false;
      if (this.mustTakeUp) await this.takeUp();
      this.mustTakeUp = false;
      if (!this.hasSlot()) continue;
      const { active, arranged } = await this.findQueue();
      const namespaces = new Map(active.map(({ id, namespaceId }) => [id, namespaceId]));
      for (const id of arranged.startable) {
        if (!this.hasSlot()) break;
        if (this.approved.includes(id)) this.beginApproved(id);
        else this.beginPending(id);
        this.lastServed.set(namespaces.get(id)!, ++this.served);
      }
    }
  }

  private hasSlot(): boolean {
    return this.atWork.size < this.config.concurrency && !this.isDraining;
  }

  private beginApproved(id: string): void {
    if (this.atWork.has(id) || !this.takeOut(id)) return;
    this.begin(id, async () => {
      const run = await this.runs.findById(id);
      return run?.status === 'applying' ? run : null;
    });
  }

  private beginPending(id: string): void {
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
    // What is approved by itself goes on in the slot it has.
    const isToBeFollowed = await this.worker.work(run, control, () => this.takeOut(run.id));
    if (isToBeFollowed) setTimeout(() => this.wake('take up what was lost'), AGAIN_AFTER_FAILURE_MS).unref();
  }
}
