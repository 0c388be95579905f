import type { Response } from 'express';
import type { Actor } from '../common/access/actor';
import type { RevokedKeys } from '../common/access/revoked-keys';
import type { Clock } from '../common/clock';
import type { EventHub } from './event-hub';
import { EventReader } from './event-reader';
import type { EventStore } from './event-store.port';

const HEARTBEAT_MS = 15_000;

/** Serves the events of one kind of subject as Server-Sent Events, to any number of readers. */
export class EventStreams {
  private readonly open = new Set<EventReader>();

  constructor(
    private readonly store: EventStore,
    private readonly hub: EventHub,
    private readonly clock: Clock,
    revokedKeys: RevokedKeys,
  ) {
    // A key that is deleted opens nothing any more, not even what it had opened.
    revokedKeys.revoked.subscribe((keyId) => this.closeWhere((reader) => reader.actor.keyId === keyId));
  }

  /** @param afterSeq the number of the last event the reader has; 0 for none */
  async serve(subjectId: string, afterSeq: number, actor: Actor, response: Response): Promise<void> {
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    const reader = new EventReader(subjectId, actor, afterSeq, response, this.store);
    this.open.add(reader);
    const unsubscribe = this.hub.subscribe(subjectId, (event) => reader.onPublished(event));
    const heartbeat = setInterval(() => {
      const hasExpired = actor.expiresAt !== null && actor.expiresAt <= this.clock.timestamp();
      if (hasExpired) reader.close();
      else reader.beat();
    }, HEARTBEAT_MS);
    response.once('close', () => {
      clearInterval(heartbeat);
      unsubscribe();
      reader.close();
      this.open.delete(reader);
    });
    await reader.catchUp();
  }

  /** Ends every stream; the readers come again with Last-Event-ID. */
  closeAll(): void {
    this.closeWhere(() => true);
  }

  /** Ends the streams of subjects that were deleted: nothing will come any more. */
  closeSubjects(subjectIds: readonly string[]): void {
    this.closeWhere((reader) => subjectIds.includes(reader.subjectId));
  }

  private closeWhere(isMeant: (reader: EventReader) => boolean): void {
    for (const reader of this.open) if (isMeant(reader)) reader.close();
  }
}
