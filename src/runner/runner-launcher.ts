import { Logger } from '@nestjs/common';
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isPassedOn } from '../../runner/protocol/inherited-environment';
import { RUNNER_DEFAULTS, type RunnerProgram } from '../../runner/protocol/runner-protocol';
import { newId } from '../common/ids';
import type { RunsConfig } from '../config/config';
import type { CallRunner } from './call-runner';
import { RunnerPool } from './runner-pool';
import { SingleRunner } from './single-runner';

/** The calls of one run: none of them waits for a start. */
const SPARES = 4;
/** Starting a process takes time from the tool that has just begun, so spares are replaced in a quiet moment. */
const REFILL_AFTER_MS = 300;

/**
 * Starts `RUNNER_COMMAND`, and keeps some started and waiting, so that their start costs a run nothing. The bundled one
 * under our own user serves one call after another; any other is sent one request and ends.
 */
export class RunnerLauncher {
  private readonly logger = new Logger(RunnerLauncher.name);
  private spares: SingleRunner[] = [];
  private refill: NodeJS.Timeout | null = null;
  private isStopped = false;
  /** On the same file system as the folders of calls, so that files can be moved there. */
  private readonly spareRoot: string;
  /** What a runner gets of the server's environment, which is slow to read. */
  private readonly inherited: NodeJS.ProcessEnv;
  private readonly pool: RunnerPool | null;

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
    // With RUNNER_USER the users of one run could look into a process that lives on to the next.
    const canServe = config.isBundledRunner && config.runnerUser === null;
    this.pool = canServe
      ? new RunnerPool(() => this.spawn(['--serve'], ['pipe', 'pipe', 'ignore']), config.concurrency)
      : null;
  }

  /**
   * A runner for one call: one that waits, when there is one.
   * @param requestBytes how large the request is; what is too large for every runner is for a single one to refuse
   */
  take(tool: RunnerProgram, requestBytes: number): CallRunner {
    // The waiting ones were started without `--tools go` and would refuse: no deployment can ever get at go.
    if (tool === 'go') return this.launch(['--tools', 'go']);
    if (this.pool === null) return this.takeSpare();
    return requestBytes <= RUNNER_DEFAULTS.maxRequestBytes ? this.pool.take() : this.launch();
  }

  private takeSpare(): SingleRunner {
    for (const spare of this.spares) if (!spare.isWaiting) spare.dismiss();
    this.spares = this.spares.filter((spare) => spare.isWaiting);
    const runner = this.spares.shift() ?? this.launch();
    this.refillAfter(this.spares.length === 0 ? 0 : REFILL_AFTER_MS);
    return runner;
  }

  /** Starts the first spare at once and the others soon. */
  prepare(): void {
    if (this.isStopped) return;
    if (this.pool !== null) return this.pool.prepare();
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
    this.pool?.stop();
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

  launch(extraArguments: string[] = []): SingleRunner {
    const directory = join(this.spareRoot, newId());
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const stdout = openSync(join(directory, 'response.json'), 'ax', 0o600);
    const stderr = openSync(join(directory, 'runner.stderr'), 'ax', 0o600);
    try {
      // Files instead of pipes: the runner must not end or block with the server.
      return new SingleRunner(this.spawn(extraArguments, ['pipe', stdout, stderr]), directory);
    } finally {
      closeSync(stdout);
      closeSync(stderr);
    }
  }

  /** In a session of its own: what ends the server's does not end the runner. */
  private spawn(extraArguments: string[], stdio: StdioOptions): ChildProcess {
    const [program = '', ...words] = this.config.runnerCommand;
    return spawn(program, [...words, ...extraArguments], {
      cwd: '/',
      detached: true,
      stdio,
      env: this.inherited,
      ...(this.config.runnerUser ?? {}),
    });
  }
}
