import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/access/actor';
import { NotFoundError } from '../common/errors';
import { NamespacesService } from '../namespaces';
import { isFinal } from './domain/run-status';
import { RunResponse, toRunResponse } from './dto/run.response';
import type { RunEntity } from './persistence/run.entity';
import { RunScheduler } from './run-scheduler.service';

/** Runs as the API shows them, with their place in the queue. */
@Injectable()
export class RunViews {
  constructor(
    private readonly scheduler: RunScheduler,
    private readonly namespaces: NamespacesService,
  ) {}

  async toResponses(runs: RunEntity[]): Promise<RunResponse[]> {
    const mayWait = runs.some(({ status }) => status === 'pending' || status === 'applying');
    const places = mayWait ? await this.scheduler.findPlaces() : null;
    return runs.map((run) => toRunResponse(run, isFinal(run.status) ? null : (places?.get(run.id) ?? null)));
  }

  async toResponse(run: RunEntity): Promise<RunResponse> {
    return (await this.toResponses([run]))[0]!;
  }

  /**
   * The namespace a list is of: the key's own, or the one a platform key asks for; null for all.
   * @throws NotFoundError for one that does not exist or is not the key's
   */
  async namespaceFilter(actor: Actor, reference: string | undefined): Promise<string | null> {
    if (reference === undefined) return actor.namespaceId;
    const id = await this.namespaces.findId(reference);
    if (id === null || (actor.namespaceId !== null && actor.namespaceId !== id)) throw new NotFoundError('namespace');
    return id;
  }
}
