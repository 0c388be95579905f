import { Injectable, Logger } from '@nestjs/common';
import { Subject } from 'rxjs';
import { Clock } from '../common/clock';
import { newId } from '../common/ids';
import { Database } from '../database/database';
import { untilStored } from '../database/retry';
import type { Transaction } from '../database/transaction';
import type { LogPiece } from '../live-logs/log-event';
import { StateLocks } from '../state';
import { isFinal, mayMove, RunStatus, TransitionCause } from './domain/run-status';
import type { LogPhase } from './domain/log-phase';
import { toRunResponse } from './dto/run.response';
import { RunEventEntity } from './persistence/run-event.entity';
import { RunEventRepository } from './persistence/run-event.repository';
import type { RunEntity } from './persistence/run.entity';
import { RunRecordsRepository } from './persistence/run-records.repository';
import { RunChanges, RunRepository } from './persistence/run.repository';
import { RunEventHub } from './run-event-hub';

export interface Move {
  to: RunStatus;
  cause: TransitionCause;
  /** Who, as the history names it. */
  actor: string;
  /** Why, for people. */
  reason?: string;
  changes?: RunChanges;
  /** Of an end: nobody knows what the tool has saved, so that a person must look before anybody works on the state. */
  keepsStateLock?: boolean;
}

/** The actor of what the platform does by itself. */
export const PLATFORM_ACTOR = 'platform';

/** Writes down what happens to runs: each change of status and each piece of log, stored first and published then. */
@Injectable()
export class RunJournal {
  private readonly logger = new Logger(RunJournal.name);
  /** Every change of status, after its commit. */
  readonly moved = new Subject<RunEntity>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly runs: RunRepository,
    private readonly events: RunEventRepository,
    private readonly records: RunRecordsRepository,
    private readonly hub: RunEventHub,
    private readonly stateLocks: StateLocks,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The server stops: what cannot be stored now is stored by the next one. */
  stop(): void {
    this.stopping.abort();
  }

  /** Stores a new run at the end of the queue. `inSameUnit` is stored with it or not at all. */
  async create(
    run: Omit<RunEntity, 'seq'>,
    actor: string,
    inSameUnit: (transaction: Transaction) => Promise<void>,
  ): Promise<RunEntity> {
    const { stored, event } = await this.database.transaction(async (transaction) => {
      const inserted = await this.runs.insertLast(transaction, run);
      await this.recordTransition(transaction, inserted, null, { to: inserted.status, cause: 'person', actor });
      const [statusEvent] = await this.storeEvents(transaction, inserted, ['status']);
      await inSameUnit(transaction);
      return { stored: inserted, event: statusEvent! };
    });
    this.announce(stored, [event], null, { to: stored.status, cause: 'person', actor });
    return stored;
  }

  /**
   * Changes the status of a run as its table allows. The compare-and-set is on the status `run` was read with.
   * @returns the run as it is now; null when somebody else moved it first, so that this change was not made
   * @throws Error for a change the table does not allow: a mistake in the caller
   */
  async move(
    run: RunEntity,
    move: Move,
    inSameUnit?: (transaction: Transaction) => Promise<void>,
  ): Promise<RunEntity | null> {
    if (!mayMove(run.status, move.to, move.cause)) {
      throw new Error(`A run may not go from ${run.status} to ${move.to} by ${move.cause}.`);
    }
    const changes = { ...move.changes, ...(isFinal(move.to) ? { completedAt: this.endOf(run) } : {}) };
    const outcome = await this.database.transaction(async (transaction) => {
      if (!(await this.runs.move(transaction, run.id, run.status, move.to, changes))) return null;
      const current = await this.runs.findById(run.id);
      if (!current) return null;
      await this.recordTransition(transaction, current, run.status, move);
      const stored = await this.storeEvents(transaction, current, isFinal(move.to) ? ['status', 'end'] : ['status']);
      // In the unit of the end, so that no crash leaves the lock of a run that is over.
      if (isFinal(move.to) && !move.keepsStateLock) {
        await this.stateLocks.releaseOf({ deploymentId: current.deploymentId, path: current.path }, current.id);
      }
      await inSameUnit?.(transaction);
      return { current, stored };
    });
    if (!outcome) return null;
    this.announce(outcome.current, outcome.stored, run.status, move);
    return outcome.current;
  }

  /** Changes what is not the status. Null when the run has ended, so that nothing was changed. */
  async update(
    runId: string,
    changes: RunChanges,
    inSameUnit?: (transaction: Transaction) => Promise<void>,
  ): Promise<RunEntity | null> {
    return this.database.transaction(async (transaction) => {
      if (!(await this.runs.updateActive(transaction, runId, changes))) return null;
      await inSameUnit?.(transaction);
      return this.runs.findById(runId);
    });
  }

  /** Stores a piece of log and sends it to who reads live. */
  async appendLog(runId: string, piece: LogPiece<LogPhase>): Promise<void> {
    const store = (): Promise<RunEventEntity> =>
      this.database.transaction(async (transaction) => {
        const stored: RunEventEntity = {
          runId,
          seq: await this.runs.takeEventNumbers(transaction, runId, 1),
          kind: 'log',
          phase: piece.phase,
          offset: piece.offset,
          size: piece.data.length,
          sourceEnd: piece.sourceEnd,
          data: piece.data,
          at: this.clock.timestamp(),
        };
        await this.events.insert(transaction, stored);
        return stored;
      });
    this.hub.publish(runId, await untilStored(store, this.stopping.signal));
  }

  /** Stores for the platform's own work: a database that is busy or full is waited for. */
  storeForSure<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return untilStored(() => this.database.transaction(work), this.stopping.signal);
  }

  /** As `move`, for the platform's own work: a database that is busy or full is waited for. */
  moveForSure(
    run: RunEntity,
    move: Move,
    inSameUnit?: (transaction: Transaction) => Promise<void>,
  ): Promise<RunEntity | null> {
    return untilStored(() => this.move(run, move, inSameUnit), this.stopping.signal);
  }

  /** Now; but a clock that was set back lets no run end before it began. */
  private endOf(run: RunEntity): string {
    return [this.clock.timestamp(), run.createdAt, run.startedAt ?? ''].sort().at(-1)!;
  }

  private async recordTransition(
    transaction: Transaction,
    run: RunEntity,
    from: RunStatus | null,
    move: Move,
  ): Promise<void> {
    await this.records.insertTransition(transaction, {
      id: newId(),
      runId: run.id,
      fromStatus: from,
      toStatus: move.to,
      actor: move.actor,
      reason: move.reason ?? null,
      at: this.clock.timestamp(),
    });
  }

  private async storeEvents(
    transaction: Transaction,
    run: RunEntity,
    kinds: ('status' | 'end')[],
  ): Promise<RunEventEntity[]> {
    const first = await this.runs.takeEventNumbers(transaction, run.id, kinds.length);
    const stored = kinds.map((kind, place): RunEventEntity => ({
      runId: run.id,
      seq: first + place,
      kind,
      phase: null,
      offset: null,
      size: null,
      sourceEnd: null,
      data: Buffer.from(JSON.stringify(kind === 'end' ? { status: run.status } : toRunResponse(run, null))),
      at: this.clock.timestamp(),
    }));
    for (const event of stored) await this.events.insert(transaction, event);
    return stored;
  }

  private announce(run: RunEntity, events: RunEventEntity[], from: RunStatus | null, move: Move): void {
    for (const event of events) this.hub.publish(run.id, event);
    this.logger.log({
      event: 'run_moved',
      run_id: run.id,
      deployment_id: run.deploymentId,
      from,
      to: move.to,
      actor: move.actor,
      ...(move.reason ? { reason: move.reason } : {}),
    });
    this.moved.next(run);
  }
}
