import type { Response } from 'express';
import type { Actor } from '../common/access/actor';
import { InvalidFieldError } from '../common/errors';
import type { EventStreams } from './event-streams';

/** What has events, as it is now. */
export interface StreamSubject {
  id: string;
  /** The number of its newest event; 0 for none. */
  lastSeq: number;
  /** True when its `end` is stored: nothing comes any more. */
  hasEnded: boolean;
}

/** Who wants them. */
export interface StreamRequest {
  actor: Actor;
  /** The header `Last-Event-ID` as it came. */
  lastEventId: string | undefined;
}

/**
 * Answers with the events of a subject as Server-Sent Events, after the one the reader has. A reader that has all of a
 * subject that has ended gets 204, which keeps browsers from coming again (HTML standard, 9.2).
 * @throws InvalidFieldError for a `Last-Event-ID` that this subject never gave
 */
export async function serveEventStream(
  response: Response,
  streams: EventStreams,
  subject: StreamSubject,
  { actor, lastEventId }: StreamRequest,
): Promise<void> {
  if (lastEventId !== undefined && !/^\d{1,9}$/.test(lastEventId)) {
    throw new InvalidFieldError('Last-Event-ID', 'is not an id this stream gave');
  }
  const afterSeq = Number(lastEventId ?? 0);
  if (afterSeq > subject.lastSeq) throw new InvalidFieldError('Last-Event-ID', 'is not an id this stream gave');
  if (subject.hasEnded && afterSeq === subject.lastSeq) {
    response.status(204).end();
    return;
  }
  await streams.serve(subject.id, afterSeq, actor, response);
}
