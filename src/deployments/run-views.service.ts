import { Injectable } from '@nestjs/common';
import type { QueuePlace } from './domain/run-queue';
import { isFinal } from './domain/run-status';
import { RunResponse, toRunResponse } from './dto/run.response';
import type { RunEntity } from './persistence/run.entity';
import { RunState } from './execution/run-state.service';
import { RunScheduler } from './run-scheduler.service';

/** Runs as the API shows them, with their place in the queue. */
@Injectable()
export class RunViews {
  constructor(
    private readonly scheduler: RunScheduler,
    private readonly state: RunState,
  ) {}

  async toResponses(runs: RunEntity[]): Promise<RunResponse[]> {
    const mayWait = runs.some(({ status }) => status === 'pending' || status === 'applying');
    const places = mayWait ? await this.scheduler.findPlaces() : null;
    return runs.map((run) =>
      toRunResponse(run, isFinal(run.status) ? null : (places?.get(run.id) ?? this.placeAtLock(run.id))),
    );
  }

  async toResponse(run: RunEntity): Promise<RunResponse> {
    return (await this.toResponses([run]))[0]!;
  }

  private placeAtLock(runId: string): QueuePlace | null {
    const heldBy = this.state.findBlocker(runId);
    return heldBy === null ? null : { position: null, waitingFor: { reason: 'state_locked', held_by: heldBy } };
  }
}
