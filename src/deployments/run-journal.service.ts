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
import { type RunAttempt, RunChanges, RunRepository } from './persistence/run.repository';
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

/** What becomes of a run that was looked at: a change of its status, or of what is not the status. */
export type RunDecision = { move: Move } | { changes: RunChanges };

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
   * Changes the status of a run as its table allows. The compare-and-set is on the status and the attempt `run` was read
   * with.
   * @returns the run as it is now; null when somebody else moved it first, so that this change was not made
   * @throws Error for a change the table does not allow: a mistake in the caller
   */
  async move(
    run: RunEntity,
    move: Move,
    inSameUnit?: (transaction: Transaction) => Promise<void>,
  ): Promise<RunEntity | null> {
    const outcome = await this.database.transaction(async (transaction) => {
      const moved = await this.moveInUnit(transaction, run, move);
      if (moved) await inSameUnit?.(transaction);
      return moved;
    });
    if (!outcome) return null;
    this.announce(outcome.current, outcome.stored, run.status, move);
    return outcome.current;
  }

  /**
   * Lets `decide` look at a run inside of the unit that stores what it decides: of two at one moment the second sees what
   * the first decided. What it throws undoes all of it.
   * @returns the run as it is now; null when there is none, or when it has ended
   */
  async decide(
    runId: string,
    decide: (transaction: Transaction, run: RunEntity) => Promise<RunDecision>,
  ): Promise<RunEntity | null> {
    const outcome = await this.database.transaction(async (transaction) => {
      const run = await this.runs.findById(runId);
      if (!run) return null;
      const decision = await decide(transaction, run);
      if ('move' in decision) {
        const moved = await this.moveInUnit(transaction, run, decision.move);
        return moved && { ...moved, from: run.status, move: decision.move };
      }
      if (!(await this.runs.updateActive(transaction, run, decision.changes))) return null;
      const current = await this.runs.findById(runId);
      return current && { current, stored: await this.storeEvents(transaction, current, ['status']), move: null };
    });
    if (!outcome) return null;
    if (outcome.move) this.announce(outcome.current, outcome.stored, outcome.from, outcome.move);
    else {
      for (const event of outcome.stored) this.hub.publish(runId, event);
      const { approvals, approvalsRequired } = outcome.current;
      this.logger.log({
        event: 'run_approved_in_part',
        run_id: runId,
        approvals: approvals.length,
        approvals_required: approvalsRequired,
      });
    }
    return outcome.current;
  }

  /** Null when somebody else moved the run first. */
  private async moveInUnit(
    transaction: Transaction,
    run: RunEntity,
    move: Move,
  ): Promise<{ current: RunEntity; stored: RunEventEntity[] } | null> {
    if (!mayMove(run.status, move.to, move.cause)) {
      throw new Error(`A run may not go from ${run.status} to ${move.to} by ${move.cause}.`);
    }
    const changes = { ...move.changes, ...(isFinal(move.to) ? { completedAt: this.endOf(run) } : {}) };
    if (!(await this.runs.move(transaction, run, move.to, changes))) return null;
    const current = await this.runs.findById(run.id);
    if (!current) return null;
    await this.recordTransition(transaction, current, run.status, move);
    const stored = await this.storeEvents(transaction, current, isFinal(move.to) ? ['status', 'end'] : ['status']);
    // In the unit of the end, so that no crash leaves the lock of a run that is over.
    if (isFinal(move.to) && !move.keepsStateLock) {
      await this.stateLocks.releaseOf({ deploymentId: current.deploymentId, path: current.path }, current.id);
    }
    return { current, stored };
  }

  /**
   * Changes what is not the status. Null when the run has ended or is in another attempt, so that nothing was changed.
   */
  async update(
    run: RunAttempt,
    changes: RunChanges,
    inSameUnit?: (transaction: Transaction) => Promise<void>,
  ): Promise<RunEntity | null> {
    return this.database.transaction(async (transaction) => {
      if (!(await this.runs.updateActive(transaction, run, changes))) return null;
      await inSameUnit?.(transaction);
      return this.runs.findById(run.id);
    });
  }

  /** Stores a piece of log and sends it to who reads live. A late word of an attempt that was given up is dropped. */
  async appendLog(run: RunAttempt, piece: LogPiece<LogPhase>): Promise<void> {
    const store = (): Promise<RunEventEntity | null> =>
      this.database.transaction(async (transaction) => {
        const seq = await this.runs.takeEventNumbers(transaction, run, 1);
        if (seq === null) return null;
        const stored: RunEventEntity = {
          runId: run.id,
          seq,
          kind: 'log',
          phase: piece.phase,
          offset: piece.offset,
          size: piece.data.length,
          sourceEnd: piece.sourceEnd,
          attempt: run.attempt,
          data: piece.data,
          at: this.clock.timestamp(),
        };
        await this.events.insert(transaction, stored);
        return stored;
      });
    const stored = await untilStored(store, this.stopping.signal);
    if (stored) this.hub.publish(run.id, stored);
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

  /** As `update`, for the platform's own work: a database that is busy or full is waited for. */
  updateForSure(
    run: RunAttempt,
    changes: RunChanges,
    inSameUnit?: (transaction: Transaction) => Promise<void>,
  ): Promise<RunEntity | null> {
    return untilStored(() => this.update(run, changes, inSameUnit), this.stopping.signal);
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
    const first = await this.runs.takeEventNumbers(transaction, run, kinds.length);
    if (first === null) throw new Error(`Run ${run.id} is gone; its event cannot be stored.`);
    const stored = kinds.map((kind, place): RunEventEntity => ({
      runId: run.id,
      seq: first + place,
      kind,
      phase: null,
      offset: null,
      size: null,
      sourceEnd: null,
      attempt: run.attempt,
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
