import { Injectable } from '@nestjs/common';
import { type PastRun, pastRunOf } from './domain/run-estimate';
import { isFinal } from './domain/run-status';
import { RunRepository } from './persistence/run.repository';
import { RunJournal } from './run-journal.service';

/** Deployments whose past is kept, about a kilobyte each. */
const MAX_KEPT = 2_000;

/**
 * How long the last runs of deployments took. Every list with a pending run asks for it, so it is kept until another
 * run of the deployment ends. Of a run that was deleted it may still tell.
 */
@Injectable()
export class RunHistory {
  private readonly kept = new Map<string, PastRun[]>();
  /** Counts runs that ended: what was read meanwhile may lack one, and is not kept. */
  private ended = 0;

  constructor(
    private readonly runs: RunRepository,
    journal: RunJournal,
  ) {
    journal.moved.subscribe(({ status, deploymentId }) => {
      if (!isFinal(status)) return;
      this.ended++;
      this.kept.delete(deploymentId);
    });
  }

  /** Of each of these deployments the last runs that began and ended. */
  async findOf(deploymentIds: string[]): Promise<PastRun[]> {
    const found = new Map(deploymentIds.map((id) => [id, this.kept.get(id)]));
    const missing = deploymentIds.filter((id) => found.get(id) === undefined);
    if (missing.length > 0) {
      const endedBefore = this.ended;
      for (const id of missing) found.set(id, []);
      for (const run of await this.runs.findTimes(missing)) found.get(run.deploymentId)?.push(pastRunOf(run));
      if (this.ended === endedBefore) this.keep(missing.map((id) => [id, found.get(id) ?? []]));
    }
    return [...found.values()].flatMap((runs) => runs ?? []);
  }

  private keep(entries: [string, PastRun[]][]): void {
    for (const [id, runs] of entries) this.kept.set(id, runs);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
    }
  }
}
