import { Injectable } from '@nestjs/common';
import type { RunEventEntity } from './persistence/run-event.entity';

/** A stored event with its Server-Sent-Events frame, made once however many read it. */
export interface PublishedEvent {
  seq: number;
  isEnd: boolean;
  frame: string;
}

export type RunEventListener = (event: PublishedEvent) => void;

/** Tells who listens to a run what was stored just now. What nobody hears is not lost: it is in the database. */
@Injectable()
export class RunEventHub {
  private readonly listeners = new Map<string, Set<RunEventListener>>();

  /** @returns how to stop listening */
  subscribe(runId: string, listener: RunEventListener): () => void {
    const listeners = this.listeners.get(runId) ?? new Set();
    this.listeners.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(runId);
    };
  }

  /** Call after the commit alone, and in the order of the numbers. */
  publish(event: RunEventEntity): void {
    const listeners = this.listeners.get(event.runId);
    if (!listeners) return;
    const published = toPublishedEvent(event);
    for (const listener of listeners) listener(published);
  }

  /** How many read live, over all runs. */
  get readerCount(): number {
    let count = 0;
    for (const listeners of this.listeners.values()) count += listeners.size;
    return count;
  }
}

/**
 * One event as Server-Sent Events have it. The data is JSON in one line, so nothing a tool prints can end the frame
 * or forge another.
 */
export function toPublishedEvent(event: RunEventEntity): PublishedEvent {
  const text = event.data.toString('utf8');
  const data = event.kind === 'log' ? JSON.stringify({ phase: event.phase, offset: event.offset, text }) : text;
  return {
    seq: event.seq,
    isEnd: event.kind === 'end',
    frame: `id: ${event.seq}\nevent: ${event.kind}\ndata: ${data}\n\n`,
  };
}
