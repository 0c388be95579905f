import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { Database } from '../../database/database';
import { untilStored } from '../../database/retry';
import type { Transaction } from '../../database/transaction';
import type { LogPiece } from '../../live-logs/log-event';
import { type BuildStatus, hasEnded, mayFollow } from '../domain/build-status';
import { toBuildResponse } from '../dto/build.response';
import type { BuildEventEntity } from '../persistence/build-event.entity';
import { BuildEventRepository } from '../persistence/build-event.repository';
import type { BuildEntity } from '../persistence/build.entity';
import { type BuildChanges, BuildRepository } from '../persistence/build.repository';
import { BuildEventHub } from './build-streams';

type InSameUnit = (transaction: Transaction) => Promise<void>;

/** Writes down what happens to builds: each change of status and each piece of log, stored first and published then. */
@Injectable()
export class BuildJournal {
  private readonly logger = new Logger(BuildJournal.name);
  private readonly stopping = new AbortController();

  constructor(
    private readonly builds: BuildRepository,
    private readonly events: BuildEventRepository,
    private readonly hub: BuildEventHub,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The server stops: what cannot be stored now is done again by the next one. */
  stop(): void {
    this.stopping.abort();
  }

  /** Stores a build at the end of the queue, in the unit of the caller. Call `announce` after the commit. */
  async createInUnit(transaction: Transaction, build: Omit<BuildEntity, 'seq'>): Promise<BuildEntity> {
    const stored = await this.builds.insertLast(transaction, build);
    await this.storeEvents(transaction, stored, ['status']);
    return stored;
  }

  announce(build: BuildEntity, from: BuildStatus | null): void {
    this.logger.log({ event: 'build_moved', build_id: build.id, version_id: build.versionId, from, to: build.status });
  }

  /**
   * Changes the status of a build, with a compare-and-set on the one `build` was read with. A database that is busy or
   * full is waited for.
   * @returns the build as it is now; null when somebody else moved it first
   */
  async move(
    build: BuildEntity,
    to: BuildStatus,
    changes: BuildChanges = {},
    inSameUnit?: InSameUnit,
  ): Promise<BuildEntity | null> {
    if (!mayFollow(build.status, to)) throw new Error(`A build may not go from ${build.status} to ${to}.`);
    const isEnd = hasEnded(to);
    const all = { ...changes, ...(isEnd ? { completedAt: this.clock.timestamp() } : {}) };
    const store = (): Promise<{ moved: BuildEntity; events: BuildEventEntity[] } | null> =>
      this.database.transaction(async (transaction) => {
        if (!(await this.builds.move(transaction, build.id, build.status, to, all))) return null;
        const moved = await this.builds.findById(build.id);
        if (!moved) return null;
        await inSameUnit?.(transaction);
        return { moved, events: await this.storeEvents(transaction, moved, isEnd ? ['status', 'end'] : ['status']) };
      });
    const outcome = await untilStored(store, this.stopping.signal);
    if (!outcome) return null;
    for (const event of outcome.events) this.hub.publish(build.id, event);
    this.announce(outcome.moved, build.status);
    return outcome.moved;
  }

  /** Changes what is not the status, and tells readers. Null when the build has ended. */
  update(build: BuildEntity, changes: BuildChanges): Promise<BuildEntity | null> {
    return untilStored(() => this.tryUpdate(build, changes), this.stopping.signal);
  }

  /** The same for a request, which is told when the database cannot. */
  async tryUpdate(build: BuildEntity, changes: BuildChanges, inSameUnit?: InSameUnit): Promise<BuildEntity | null> {
    const outcome = await this.database.transaction(async (transaction) => {
      if (!(await this.builds.updateActive(transaction, build.id, changes))) return null;
      const changed = await this.builds.findById(build.id);
      await inSameUnit?.(transaction);
      return changed && { changed, events: await this.storeEvents(transaction, changed, ['status']) };
    });
    for (const event of outcome?.events ?? []) this.hub.publish(build.id, event);
    return outcome?.changed ?? null;
  }

  /** What went wrong after a build had succeeded. */
  recordProblem(build: BuildEntity, errorMessage: string): Promise<void> {
    const store = (): Promise<void> =>
      this.database.transaction((transaction) => this.builds.setProblem(transaction, build.id, errorMessage));
    return untilStored(store, this.stopping.signal);
  }

  /** Stores a piece of log and sends it to who reads live. */
  async appendLog(buildId: string, piece: LogPiece): Promise<void> {
    const store = (): Promise<BuildEventEntity> =>
      this.database.transaction(async (transaction) => {
        const event: BuildEventEntity = {
          buildId,
          seq: await this.builds.takeEventNumbers(transaction, buildId, 1),
          kind: 'log',
          phase: piece.phase,
          offset: piece.offset,
          size: piece.data.length,
          sourceEnd: piece.sourceEnd,
          data: piece.data,
          at: this.clock.timestamp(),
        };
        await this.events.insert(transaction, event);
        return event;
      });
    this.hub.publish(buildId, await untilStored(store, this.stopping.signal));
  }

  private async storeEvents(
    transaction: Transaction,
    build: BuildEntity,
    kinds: ('status' | 'end')[],
  ): Promise<BuildEventEntity[]> {
    const first = await this.builds.takeEventNumbers(transaction, build.id, kinds.length);
    const stored = kinds.map((kind, place): BuildEventEntity => ({
      buildId: build.id,
      seq: first + place,
      kind,
      phase: null,
      offset: null,
      size: null,
      sourceEnd: null,
      data: Buffer.from(JSON.stringify(kind === 'end' ? { status: build.status } : toBuildResponse(build))),
      at: this.clock.timestamp(),
    }));
    for (const event of stored) await this.events.insert(transaction, event);
    return stored;
  }
}
