import type { Response } from 'express';
import type { Actor } from '../common/access/actor';
import { PublishedEvent, toPublishedEvent } from './event-hub';
import type { EventStore } from './event-store.port';

const EVENTS_AT_ONCE = 64;

/**
 * One reader of a subject's events. It reads what is stored, then what comes live. A reader that is slower than they
 * come gets nothing live until it has caught up from the database, so it costs no memory, and sees the same bytes as
 * all others whenever it comes and however slow it is.
 */
export class EventReader {
  private isCaughtUp = false;
  private isCatchingUp = false;
  private hasNews = false;
  private isClosed = false;

  constructor(
    readonly subjectId: string,
    readonly actor: Actor,
    private lastSeq: number,
    private readonly response: Response,
    private readonly store: EventStore,
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
      const stored = await this.store.findAfter(this.subjectId, this.lastSeq, EVENTS_AT_ONCE);
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
