import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Actor } from '../common/access/actor';
import { RevokedKeys } from '../common/access/revoked-keys';
import { Clock } from '../common/clock';
import { RunEventRepository } from './persistence/run-event.repository';
import { PublishedEvent, RunEventHub, toPublishedEvent } from './run-event-hub';

const EVENTS_AT_ONCE = 64;
const HEARTBEAT_MS = 15_000;

/**
 * One reader of a run's events. It reads what is stored, then what comes live. A reader that is slower than the run
 * gets nothing live until it has caught up from the database, so it costs no memory, and sees the same bytes as all
 * others whenever it comes and however slow it is.
 */
class RunReader {
  private isCaughtUp = false;
  private isCatchingUp = false;
  private hasNews = false;
  private isClosed = false;

  constructor(
    readonly runId: string,
    readonly actor: Actor,
    private lastSeq: number,
    private readonly response: Response,
    private readonly events: RunEventRepository,
  ) {}

  onPublished(event: PublishedEvent): void {
    if (this.isClosed || event.seq <= this.lastSeq) return;
    if (this.isCaughtUp && event.seq === this.lastSeq + 1) this.send(event);
    else void this.catchUp();
  }

  /** Sends what is stored and was not sent yet. */
  async catchUp(): Promise<void> {
    this.hasNews = true;
    this.isCaughtUp = false;
    if (this.isCatchingUp) return;
    this.isCatchingUp = true;
    try {
      while (this.hasNews && !this.isClosed) {
        this.hasNews = false;
        await this.sendStored();
      }
      this.isCaughtUp = true;
    } catch {
      // The reader comes again with Last-Event-ID.
      this.close();
    } finally {
      this.isCatchingUp = false;
    }
  }

  /** A comment that keeps proxies from cutting a quiet stream. */
  beat(): void {
    if (!this.isClosed && this.isCaughtUp) this.response.write(': still here\n\n');
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.response.end();
  }

  private async sendStored(): Promise<void> {
    for (;;) {
      const stored = await this.events.findAfter(this.runId, this.lastSeq, EVENTS_AT_ONCE);
      for (const event of stored) {
        if (this.isClosed) return;
        this.lastSeq = event.seq;
        const published = toPublishedEvent(event);
        const hasRoom = this.response.write(published.frame);
        if (published.isEnd) return this.close();
        if (!hasRoom) await this.drained();
      }
      if (stored.length < EVENTS_AT_ONCE) return;
    }
  }

  private send(event: PublishedEvent): void {
    this.lastSeq = event.seq;
    const hasRoom = this.response.write(event.frame);
    if (event.isEnd) this.close();
    else if (!hasRoom) {
      this.isCaughtUp = false;
      void this.drained().then(() => this.catchUp());
    }
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.response.off('drain', done);
        this.response.off('close', done);
        resolve();
      };
      this.response.on('drain', done);
      this.response.on('close', done);
    });
  }
}

/** Serves the events of runs as Server-Sent Events, to any number of readers. */
@Injectable()
export class RunStreams {
  private readonly open = new Set<RunReader>();

  constructor(
    private readonly events: RunEventRepository,
    private readonly hub: RunEventHub,
    private readonly clock: Clock,
    revokedKeys: RevokedKeys,
  ) {
    // A key that is deleted opens nothing any more, not even what it had opened.
    revokedKeys.revoked.subscribe((keyId) => this.closeWhere((reader) => reader.actor.keyId === keyId));
  }

  /** @param afterSeq the number of the last event the reader has; 0 for none */
  async serve(runId: string, afterSeq: number, actor: Actor, response: Response): Promise<void> {
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    const reader = new RunReader(runId, actor, afterSeq, response, this.events);
    this.open.add(reader);
    const unsubscribe = this.hub.subscribe(runId, (event) => reader.onPublished(event));
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

  /** Ends the streams of runs that were deleted: nothing will come any more. */
  closeRuns(runIds: readonly string[]): void {
    this.closeWhere((reader) => runIds.includes(reader.runId));
  }

  private closeWhere(isMeant: (reader: RunReader) => boolean): void {
    for (const reader of this.open) if (isMeant(reader)) reader.close();
  }
}
