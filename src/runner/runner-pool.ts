import { Logger } from '@nestjs/common';
import type { ChildProcess } from 'node:child_process';
import type { CallRunner } from './call-runner';
import { ServingRunner } from './serving-runner';

/** Runners that wait in quiet times, at most: the calls of a few runs find one. */
const MOST_WAITING = 4;
/** Starting a process takes time from the tool that has just begun, so it is done in a quiet moment. */
const QUIET_MS = 300;

/** Keeps runners that serve one call after another, and gives each call one to itself. */
export class RunnerPool {
  private readonly logger = new Logger(RunnerPool.name);
  /** The one that has waited longest comes first. */
  private waiting: ServingRunner[] = [];
  private readonly all = new Set<ServingRunner>();
  private quiet: NodeJS.Timeout | null = null;
  private isStopped = false;
  /** One has ended that nobody had asked for anything. Until the next call no other is started: it might end, too. */
  private isPaused = false;

  /**
   * @param start starts a process of `iac-runner --serve`
   * @param atOnce how many calls are at work at the same time, as a rule
   */
  constructor(
    private readonly start: () => ChildProcess,
    private readonly atOnce: number,
  ) {}

  /** A runner for one call; it is started when none waits. */
  take(): CallRunner {
    this.waiting = this.waiting.filter((other) => other.isWaiting);
    const runner = this.waiting.shift() ?? this.launch();
    this.isPaused = false;
    this.tidyAfter(QUIET_MS);
    return runner.begin((isAsBefore) => this.takeBack(runner, isAsBefore));
  }

  /** Starts the first one at once and the others soon. */
  prepare(): void {
    if (this.isStopped) return;
    if (this.all.size === 0) this.addWaiting();
    this.tidyAfter(QUIET_MS);
  }

  /** Ends those that wait; the others finish their calls, and end. */
  stop(): void {
    this.isStopped = true;
    if (this.quiet) clearTimeout(this.quiet);
    for (const runner of this.waiting) runner.dismiss();
    this.waiting = [];
    for (const runner of this.all) runner.close();
  }

  private takeBack(runner: ServingRunner, isAsBefore: boolean): void {
    if (isAsBefore && runner.isWaiting && !runner.hasServedEnough && !this.isStopped) this.waiting.push(runner);
    else this.end(runner);
    this.tidyAfter(QUIET_MS);
  }

  /** Adds or removes one after the other, until as many are there as are of use; a call that comes puts it off. */
  private tidyAfter(ms: number): void {
    if (this.quiet) clearTimeout(this.quiet);
    if (this.isStopped) return;
    this.quiet = setTimeout(() => {
      this.quiet = null;
      const wanted = Math.min(MOST_WAITING, this.atOnce);
      if (this.all.size < wanted && !this.isPaused) this.addWaiting();
      else if (this.waiting.length > wanted) this.end(this.waiting.shift());
      else return;
      this.tidyAfter(QUIET_MS);
    }, ms);
    this.quiet.unref();
  }

  /** One that cannot be had now, for want of descriptors, is no reason to end: a call starts its own. */
  private addWaiting(): void {
    try {
      this.waiting.push(this.launch());
    } catch (error) {
      this.isPaused = true;
      this.logger.warn({ event: 'no_spare_runner', error: error instanceof Error ? error.message : String(error) });
    }
  }

  private launch(): ServingRunner {
    const runner = new ServingRunner(this.start());
    this.all.add(runner);
    void runner.exit.then(() => {
      this.waiting = this.waiting.filter((other) => other !== runner);
      const hasEndedByItself = this.all.delete(runner);
      if (hasEndedByItself && runner.isUnused) this.isPaused = true;
    });
    return runner;
  }

  /** Ends one that is at no call. */
  private end(runner: ServingRunner | undefined): void {
    if (runner === undefined) return;
    this.all.delete(runner);
    runner.dismiss();
  }
}
