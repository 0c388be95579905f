import { Injectable } from '@nestjs/common';
import type { RunStatus } from './domain/run-status';
import type { RunEntity } from './persistence/run.entity';
import { RunRepository } from './persistence/run.repository';
import { RunJournal } from './run-journal.service';
import { RunScheduler } from './run-scheduler.service';

/** What other rooms may ask of runs. */
@Injectable()
export class RunArchive {
  constructor(
    private readonly runs: RunRepository,
    private readonly journal: RunJournal,
    private readonly scheduler: RunScheduler,
  ) {}

  /** Status and end of those of these ids that are runs. */
  findEnds(ids: string[]): Promise<Map<string, { status: RunStatus; completedAt: string | null }>> {
    return this.runs.findEnds(ids);
  }

  /** Ids of runs that wait for approval since before this time, oldest first. */
  async findExpiredApprovals(plannedBefore: string): Promise<string[]> {
    return (await this.runs.findExpiredApprovals(plannedBefore)).map(({ id }) => id);
  }

  /** Cancels a run whose approval did not come in time. False when it moved meanwhile. */
  async expireApproval(id: string, hours: number): Promise<boolean> {
    const run = await this.runs.findById(id);
    if (run?.status !== 'awaiting_approval') return false;
    const message = `The approval expired: nobody approved the plan within ${hours} hours.`;
    const expired: RunEntity | null = await this.journal.move(run, {
      to: 'cancelled',
      cause: 'clock',
      actor: 'platform',
      reason: 'approval expired',
      changes: { errorMessage: message, cancelledBy: 'platform' },
    });
    return expired !== null;
  }

  countByStatus(): Promise<Map<RunStatus, number>> {
    return this.runs.countByStatus();
  }

  /** Runs that are worked on just now. */
  get atWorkCount(): number {
    return this.scheduler.atWorkCount;
  }
}
