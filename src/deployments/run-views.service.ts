import { Injectable } from '@nestjs/common';
import { isFinal } from './domain/run-status';
import { RunResponse, toRunResponse } from './dto/run.response';
import type { RunEntity } from './persistence/run.entity';
import { RunScheduler } from './run-scheduler.service';

/** Runs as the API shows them, with their place in the queue. */
@Injectable()
export class RunViews {
  constructor(private readonly scheduler: RunScheduler) {}

  async toResponses(runs: RunEntity[]): Promise<RunResponse[]> {
    const mayWait = runs.some(({ status }) => status === 'pending' || status === 'applying');
    const places = mayWait ? await this.scheduler.findPlaces() : null;
    return runs.map((run) => toRunResponse(run, isFinal(run.status) ? null : (places?.get(run.id) ?? null)));
  }

  async toResponse(run: RunEntity): Promise<RunResponse> {
    return (await this.toResponses([run]))[0]!;
  }
}
