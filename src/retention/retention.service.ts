import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { directorySize } from '../common/files/directory-size';
import { SweepTasks } from '../common/sweep-tasks';
import { RunsConfig, StorageConfig } from '../config/config';
import { RunArchive } from '../deployments';
import { ActiveWork } from '../runner';
import { mayRemove } from './directory-age';

const HOUR_MS = 3_600_000;
const FINAL = new Set(['success', 'failed', 'cancelled']);

export interface SweepResult {
  /** Names of the directories, `artifacts/<sha256>` of stored files that nothing refers to, `.build-cache/<namespace>`. */
  removed: string[];
  /** Ids of the runs. */
  expired_approvals: string[];
  freed_bytes: number;
  /** A sentence each; the sweep went on after them. */
  errors: string[];
}

/** Removes working directories and stored files that nobody needs any more, and cancels approvals that nobody gave. */
@Injectable()
export class RetentionService {
  private readonly logger = new Logger(RetentionService.name);
  private running: Promise<SweepResult> | null = null;

  constructor(
    private readonly runs: RunArchive,
    private readonly tasks: SweepTasks,
    private readonly work: ActiveWork,
    private readonly config: RunsConfig,
    private readonly storage: StorageConfig,
  ) {}

  /** One sweep at a time: a second call while one goes on waits for that one and does its own after it. */
  async sweep(now: Date, isDryRun = false): Promise<SweepResult> {
    while (this.running) await this.running.catch(() => undefined);
    this.running = this.sweepOnce(now, isDryRun).finally(() => (this.running = null));
    return this.running;
  }

  private async sweepOnce(now: Date, isDryRun: boolean): Promise<SweepResult> {
    const result: SweepResult = {
      removed: [],
      expired_approvals: [],
      freed_bytes: 0,
      errors: [],
    };
    // Approvals first: a run that expires now keeps its directory for its full time after the end.
    await this.expireApprovals(now, isDryRun, result);
    await this.removeDirectories(now, isDryRun, result);
    await this.runTasks(now, isDryRun, result);
    if (!isDryRun) {
      this.logger.log({
        event: 'swept',
        removed: result.removed.length,
        expired_approvals: result.expired_approvals.length,
        freed_bytes: result.freed_bytes,
        errors: result.errors.length,
      });
    }
    return result;
  }

  private async expireApprovals(now: Date, isDryRun: boolean, result: SweepResult): Promise<void> {
    const hours = this.config.approvalTtlHours;
    const before = new Date(now.getTime() - hours * HOUR_MS).toISOString();
    for (const id of await this.runs.findExpiredApprovals(before)) {
      try {
        if (isDryRun || (await this.runs.expireApproval(id, hours))) result.expired_approvals.push(id);
      } catch (error) {
        this.fail(result, `The approval of run ${id} could not be expired.`, error);
      }
    }
  }

  private async removeDirectories(now: Date, isDryRun: boolean, result: SweepResult): Promise<void> {
    const olderThan = new Date(now.getTime() - this.config.workdirTtlHours * HOUR_MS);
    const entries = await readdir(this.storage.workRoot, { withFileTypes: true }).catch(() => []);
    // Real directories alone: a link is nothing of ours, and is never followed.
    const names = entries
      .filter((entry) => entry.isDirectory() && !result.expired_approvals.includes(entry.name))
      .map(({ name }) => name);
    const ends = await this.runs.findEnds(names);
    const active = await this.work.findActive(names);
    for (const name of names) {
      if (active.has(name)) continue;
      const directory = join(this.storage.workRoot, name);
      try {
        const end = ends.get(name);
        const run = end ? { isFinal: FINAL.has(end.status), completedAt: end.completedAt } : null;
        if (!mayRemove({ name, modifiedAt: (await lstat(directory)).mtime, run }, olderThan)) continue;
        const size = await directorySize(directory);
        if (!isDryRun) await rm(directory, { recursive: true, force: true });
        result.removed.push(name);
        result.freed_bytes += size;
      } catch (error) {
        this.fail(result, `The directory ${name} could not be removed.`, error);
      }
    }
  }

  private async runTasks(now: Date, isDryRun: boolean, result: SweepResult): Promise<void> {
    for (const task of this.tasks.all) {
      try {
        const { removed, freedBytes } = await task.sweep(now, isDryRun);
        result.removed.push(...removed);
        result.freed_bytes += freedBytes;
      } catch (error) {
        this.fail(result, task.failure, error);
      }
    }
  }

  private fail(result: SweepResult, message: string, error: unknown): void {
    result.errors.push(message);
    this.logger.warn({ event: 'sweep_error', message, error: error instanceof Error ? error.message : String(error) });
  }
}
