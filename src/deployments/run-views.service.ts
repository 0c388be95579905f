import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { estimateStarts } from './domain/run-estimate';
import type { QueuePlace } from './domain/run-queue';
import { RunResponse, toRunResponse } from './dto/run.response';
import type { RunEntity } from './persistence/run.entity';
import { RunState } from './execution/run-state.service';
import { RunHistory } from './run-history.service';
import { QueueView, RunScheduler } from './run-scheduler.service';

/** Of how many runs ahead the past is looked at; those behind them are taken to be like the others. */
const LOOK_AHEAD = 50;

/** Runs as the API shows them, with their place in the queue. */
@Injectable()
export class RunViews {
  constructor(
    private readonly scheduler: RunScheduler,
    private readonly state: RunState,
    private readonly history: RunHistory,
    private readonly clock: Clock,
  ) {}

  async toResponses(runs: RunEntity[]): Promise<RunResponse[]> {
    const mayWait = runs.some(({ status }) => status === 'pending' || status === 'applying');
    const queue = mayWait ? await this.scheduler.findQueue() : null;
    const estimates = queue ? await this.estimate(runs, queue) : null;
    return runs.map((run) => {
      const estimate = run.status === 'pending' ? estimates?.get(run.id) : undefined;
      return toRunResponse(
        run,
        this.placeOf(run, queue),
        estimate === undefined ? null : new Date(estimate).toISOString(),
      );
    });
  }

  async toResponse(run: RunEntity): Promise<RunResponse> {
    return (await this.toResponses([run]))[0]!;
  }

  /** The queue was looked at after the run, which may have moved on: what is said must fit its status. */
  private placeOf(run: RunEntity, queue: QueueView | null): QueuePlace | null {
    if (run.status === 'pending') return queue?.arranged.places.get(run.id) ?? null;
    if (run.status === 'applying') return queue?.arranged.places.get(run.id) ?? this.placeAtLock(run.id);
    return run.status === 'initializing' || run.status === 'planning' ? this.placeAtLock(run.id) : null;
  }

  /** None when none is pending. */
  private async estimate(runs: RunEntity[], { active, slots, arranged }: QueueView): Promise<Map<string, number>> {
    const pending = runs.filter(({ status }) => status === 'pending');
    if (pending.length === 0) return new Map();
    const ahead = new Set([...slots.atWork, ...arranged.startable.slice(0, LOOK_AHEAD)]);
    const deploymentIds = new Set(pending.map(({ deploymentId }) => deploymentId));
    for (const run of active) if (ahead.has(run.id)) deploymentIds.add(run.deploymentId);
    const history = await this.history.findOf([...deploymentIds]);
    return estimateStarts(active, arranged, slots, history, this.clock.now().getTime());
  }

  private placeAtLock(runId: string): QueuePlace | null {
    const heldBy = this.state.findBlocker(runId);
    return heldBy === null ? null : { position: null, waitingFor: { reason: 'state_locked', held_by: heldBy } };
  }
}
