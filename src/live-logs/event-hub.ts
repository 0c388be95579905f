import type { LogEvent } from './log-event';

/** A stored event with its Server-Sent-Events frame, made once however many read it. */
export interface PublishedEvent {
  seq: number;
  isEnd: boolean;
  frame: string;
}

export type LogEventListener = (event: PublishedEvent) => void;

/**
 * Tells who listens to a subject what was stored just now. What nobody hears is not lost: it is in the database. One
 * hub for each kind of subject.
 */
export class EventHub {
  private readonly listeners = new Map<string, Set<LogEventListener>>();

  /** @returns how to stop listening */
  subscribe(subjectId: string, listener: LogEventListener): () => void {
    const listeners = this.listeners.get(subjectId) ?? new Set();
    this.listeners.set(subjectId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(subjectId);
    };
  }

  /** Call after the commit alone, and in the order of the numbers. */
  publish(subjectId: string, event: LogEvent): void {
    const listeners = this.listeners.get(subjectId);
    if (!listeners) return;
    const published = toPublishedEvent(event);
    for (const listener of listeners) listener(published);
  }

  /** How many read live, over all subjects. */
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
export function toPublishedEvent(event: LogEvent): PublishedEvent {
  const text = event.data.toString('utf8');
  const data = event.kind === 'log' ? JSON.stringify({ phase: event.phase, offset: event.offset, text }) : text;
  return {
    seq: event.seq,
    isEnd: event.kind === 'end',
    frame: `id: ${event.seq}\nevent: ${event.kind}\ndata: ${data}\n\n`,
  };
}
