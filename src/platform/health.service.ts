import { access, constants, statfs } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { StorageConfig } from '../config/config';
import { DatabaseProbe } from '../database/database-probe';
import { RUNNER_PORT, RunnerPort } from '../runner';

const MIN_FREE_BYTES = 64 * 2 ** 20;
/** Starting a runner costs a tenth of a second of a core: not with every question. */
const RUNNER_CHECK_EVERY_MS = 60_000;

export interface Readiness {
  status: 'ready' | 'not_ready';
  /** `ok`, or what is wrong. */
  checks: { database: string; work_root: string; runner: string; server: string };
}

/** Whether the server can do its work. */
@Injectable()
export class HealthService {
  private isStopping = false;
  private runnerCheck: { at: number; result: Promise<string | null> } | null = null;

  constructor(
    private readonly database: DatabaseProbe,
    private readonly storage: StorageConfig,
    @Inject(RUNNER_PORT) private readonly runner: RunnerPort,
  ) {}

  /** From now on the answer is "not ready": a load balancer sends nothing new. */
  stop(): void {
    this.isStopping = true;
  }

  async readiness(): Promise<Readiness> {
    const [database, workRoot, runner] = await Promise.all([
      this.checkDatabase(),
      this.checkWorkRoot(),
      this.checkRunner(),
    ]);
    const checks = {
      database,
      work_root: workRoot,
      runner,
      server: this.isStopping ? 'The server is stopping.' : 'ok',
    };
    return { status: Object.values(checks).every((check) => check === 'ok') ? 'ready' : 'not_ready', checks };
  }

  private async checkDatabase(): Promise<string> {
    return this.database
      .assertWritable()
      .then(() => 'ok')
      .catch(() => 'The database cannot be written.');
  }

  private async checkWorkRoot(): Promise<string> {
    try {
      await access(this.storage.workRoot, constants.W_OK);
      const { bavail, bsize } = await statfs(this.storage.workRoot);
      return bavail * bsize >= MIN_FREE_BYTES ? 'ok' : 'There is hardly any space left for working directories.';
    } catch {
      return 'Working directories cannot be written.';
    }
  }

  private async checkRunner(): Promise<string> {
    const now = performance.now();
    if (!this.runnerCheck || now - this.runnerCheck.at > RUNNER_CHECK_EVERY_MS) {
      this.runnerCheck = { at: now, result: this.runner.check() };
    }
    return (await this.runnerCheck.result.catch(() => 'The runner cannot be started.')) ?? 'ok';
  }
}
