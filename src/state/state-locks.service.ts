import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit';
import { Clock } from '../common/clock';
import { ConflictError } from '../common/errors';
import { Database } from '../database/database';
import { describeHolder, type LockInfo, plainOperation } from './domain/lock-info';
import type { StateLockEntity } from './persistence/state-lock.entity';
import type { StateAuthor } from './domain/state-author';
import type { StateKey } from './domain/state-key';
import { StateRepository } from './persistence/state.repository';

/** Somebody else holds the lock; `held` is what the tool is answered. */
export class StateLockedError extends ConflictError {
  constructor(readonly held: LockInfo) {
    super('state-locked', `The state is locked: ${held.ID}.`);
  }
}

/** Who works on a state at the moment. At most one at a time, whatever happens to whom. */
@Injectable()
export class StateLocks {
  /** Runs that met a lock of somebody else just now: run id → whose it is. */
  private readonly blocked = new Map<string, string>();

  constructor(
    private readonly repository: StateRepository,
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Takes the lock. Taking it once more with the same id changes nothing. @throws StateLockedError */
  async lock(key: StateKey, info: LockInfo, author: StateAuthor): Promise<void> {
    const lock: StateLockEntity = {
      deploymentId: key.deploymentId,
      path: key.path,
      lockId: info.ID,
      info,
      runId: author.runId,
      heldBy: author.label,
      createdAt: this.clock.timestamp(),
    };
    try {
      await this.database.transaction(async (transaction) => {
        const held = await this.repository.findLock(key);
        if (held && held.lockId === info.ID && held.runId === author.runId) return;
        if (held) throw new StateLockedError(shownInfo(held));
        await this.repository.insertLock(transaction, lock);
      });
    } catch (error) {
      if (error instanceof StateLockedError && author.runId !== null) this.blocked.set(author.runId, error.held.ID);
      throw error;
    }
    if (author.runId !== null) this.blocked.delete(author.runId);
  }

  /**
   * Gives the lock back. A run gives back its own alone; a person one that was taken by hand and that they know the id of,
   * or, with `mayForce`, any that they name, by its id or as it is shown to who meets it, or without naming one.
   * @returns false when it is somebody else's
   */
  async unlock(key: StateKey, info: LockInfo | null, author: StateAuthor, mayForce: boolean): Promise<boolean> {
    return this.database.transaction(async (transaction) => {
      const held = await this.repository.findLock(key);
      if (!held) return true;
      const isOwn = holds(author, info?.ID, held);
      // The tool of somebody whose lock was broken ends by giving back what is another's by now.
      const isMeant = !info?.ID || info.ID === held.lockId || info.ID === shownInfo(held).ID;
      const isForced = !isOwn && author.runId === null && mayForce && isMeant;
      if (!isOwn && !isForced) return false;
      await this.repository.deleteLock(transaction, key);
      if (isForced) {
        await this.audit.record(transaction, {
          actor: author.label,
          action: 'state.force_unlock',
          targetType: 'deployment',
          targetId: key.deploymentId,
          namespaceId: author.namespaceId,
          details: { path: key.path, lock_id: held.lockId, held_by: held.heldBy, run_id: held.runId },
        });
      }
      return true;
    });
  }

  /** Whoever writes must hold the lock, or there must be none. */
  async assertMayWrite(key: StateKey, lockId: string | undefined, author: StateAuthor): Promise<void> {
    const held = await this.repository.findLock(key);
    if (!held || holds(author, lockId, held)) return;
    throw new StateLockedError(shownInfo(held));
  }

  find(key: StateKey): Promise<StateLockEntity | null> {
    return this.repository.findLock(key);
  }

  /** Gives back the lock of a run that has ended in a way that is known. True when it held one. */
  async releaseOf(key: StateKey, runId: string): Promise<boolean> {
    this.blocked.delete(runId);
    return this.database.transaction(async (transaction) => {
      const held = await this.repository.findLock(key);
      if (held?.runId !== runId) return false;
      await this.repository.deleteLock(transaction, key);
      return true;
    });
  }

  /** Whose lock a run is waiting for; null when it waits for none. */
  findBlocker(runId: string): string | null {
    return this.blocked.get(runId) ?? null;
  }
}

/** A run holds its lock by being that run. A person knows the id; that of a run's lock, which anybody may read, is none. */
function holds(author: StateAuthor, lockId: string | undefined, held: StateLockEntity): boolean {
  return held.runId === author.runId && (author.runId !== null || held.lockId === lockId);
}

/** The lock's info with an id that says who holds it: it is all that a blocked user of terraform sees. */
function shownInfo(lock: StateLockEntity): LockInfo {
  const holder = {
    runId: lock.runId,
    operation: plainOperation(lock.info.Operation),
    who: lock.heldBy,
    since: lock.createdAt,
  };
  // The tool reads `Created` as a time, and all of the answer as nothing when it is none.
  return { ...lock.info, Created: lock.createdAt, ID: describeHolder(holder) };
}
