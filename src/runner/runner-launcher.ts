import { Logger } from '@nestjs/common';
import { ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isPassedOn } from '../../runner/protocol/inherited-environment';
import { newId } from '../common/ids';
import type { RunsConfig } from '../config/config';
import { CallFiles } from './call-files';

/** How a runner process ended; `failed` when it could not even be started. */
export type RunnerExit = { kind: 'exited'; code: number | null } | { kind: 'failed' };

/** A runner process that was started and has no request yet. */
export class LaunchedRunner {
  readonly exit: Promise<RunnerExit>;
  private hasEnded = false;

  constructor(
    readonly child: ChildProcess,
    private readonly directory: string,
  ) {
    this.exit = new Promise((resolve) => {
      child.once('error', () => resolve({ kind: 'failed' }));
      child.once('exit', (code) => resolve({ kind: 'exited', code }));
    });
    void this.exit.then(() => (this.hasEnded = true));
    // A runner that ended early breaks the pipe; its exit says so.
    child.stdin?.on('error', () => undefined);
  }

  /** False also when its files were taken away: then nobody would see its answer. */
  get isWaiting(): boolean {
    return !this.hasEnded && existsSync(join(this.directory, 'response.json'));
  }

  /** Moves what the runner writes into the folder of its call. The open files move with it. */
  moveTo(files: CallFiles): void {
    renameSync(join(this.directory, 'response.json'), files.response);
    renameSync(join(this.directory, 'runner.stderr'), files.stderr);
    rmSync(this.directory, { recursive: true, force: true });
  }

  send(request: string): void {
    this.child.stdin?.end(request);
  }

  /** Ends a runner that is not needed: without a request it just goes. */
  dismiss(): void {
    this.child.stdin?.destroy();
    this.child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The calls of one run: none of them waits for a start. */
const SPARES = 4;
/** Starting a process takes time from the tool that has just begun, so spares are replaced in a quiet moment. */
const REFILL_AFTER_MS = 300;

/** Starts `RUNNER_COMMAND`, and keeps some started and waiting, so that their start costs a run nothing. */
export class RunnerLauncher {
  private readonly logger = new Logger(RunnerLauncher.name);
  private spares: LaunchedRunner[] = [];
  private refill: NodeJS.Timeout | null = null;
  private isStopped = false;
  /** On the same file system as the folders of calls, so that files can be moved there. */
  private readonly spareRoot: string;
  /** What a runner gets of the server's environment, which is slow to read. */
  private readonly inherited: NodeJS.ProcessEnv;

  constructor(
    private readonly config: RunsConfig,
    workRoot: string,
    environment: NodeJS.ProcessEnv,
  ) {
    this.spareRoot = join(workRoot, '.runners');
    this.inherited = {
      ...Object.fromEntries(Object.entries(environment).filter(([name]) => isPassedOn(name))),
      // Whatever a request says, the runner works nowhere else.
      IAC_RUNNER_WORK_ROOT: workRoot,
      ...(config.toolsDir === null ? {} : { IAC_RUNNER_TOOLS_DIR: config.toolsDir }),
    };
  }

  /** A runner that waits for its request: a spare one when there is one. */
  take(): LaunchedRunner {
    for (const spare of this.spares) if (!spare.isWaiting) spare.dismiss();
    this.spares = this.spares.filter((spare) => spare.isWaiting);
    const runner = this.spares.shift() ?? this.launch();
    this.refillAfter(this.spares.length === 0 ? 0 : REFILL_AFTER_MS);
    return runner;
  }

  /** Starts the first spare at once and the others soon. */
  prepare(): void {
    if (this.isStopped) return;
    if (this.spares.length === 0) this.addSpare();
    this.refillAfter(REFILL_AFTER_MS);
  }

  /** A spare that cannot be had now, for want of space or descriptors, is no reason to end: a call starts its own. */
  private addSpare(): void {
    try {
      this.spares.push(this.launch());
    } catch (error) {
      this.logger.warn({ event: 'no_spare_runner', error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Removes what a killed server left behind, as far as that can be removed. */
  clear(): void {
    try {
      rmSync(this.spareRoot, { recursive: true, force: true });
    } catch (error) {
      this.logger.warn({
        event: 'spare_runners_not_removed',
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  stop(): void {
    this.isStopped = true;
    if (this.refill) clearTimeout(this.refill);
    for (const spare of this.spares) spare.dismiss();
    this.spares = [];
    this.clear();
  }

  /** One spare after the other; a call that comes meanwhile puts it off. */
  private refillAfter(ms: number): void {
    if (this.refill) clearTimeout(this.refill);
    this.refill = setTimeout(() => {
      this.refill = null;
      if (this.isStopped || this.spares.length >= SPARES) return;
      const before = this.spares.length;
      this.addSpare();
      // In trouble, the next call tries again.
      if (this.spares.length > before) this.refillAfter(REFILL_AFTER_MS);
    }, ms);
    this.refill.unref();
  }

  launch(extraArguments: string[] = []): LaunchedRunner {
    const directory = join(this.spareRoot, newId());
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const stdout = openSync(join(directory, 'response.json'), 'ax', 0o600);
    const stderr = openSync(join(directory, 'runner.stderr'), 'ax', 0o600);
    try {
      const [program = '', ...words] = this.config.runnerCommand;
      // A session of its own, and files instead of pipes: the runner must not end or block with the server.
      const child = spawn(program, [...words, ...extraArguments], {
        cwd: '/',
        detached: true,
        stdio: ['pipe', stdout, stderr],
        env: this.inherited,
        ...(this.config.runnerUser ?? {}),
      });
      return new LaunchedRunner(child, directory);
    } finally {
      closeSync(stdout);
      closeSync(stderr);
    }
  }
}
