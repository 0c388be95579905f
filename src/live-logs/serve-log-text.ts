import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '../common/errors';
import { parseByteRange } from '../common/http/byte-range';
import { AnsiStripper } from '../common/text/ansi';
import type { StoredLogs } from './stored-logs';

/** Which log. */
export interface LogSubject<Phase extends string = string> {
  id: string;
  phase: Phase;
}

/** What of it, and how. */
export interface LogTextRequest {
  /** The header `Range` as it came. */
  range: string | undefined;
  /** False: without escape sequences, and then always all of it. */
  hasColors: boolean;
}

/**
 * Answers with the stored log of one phase as text/plain: all of it, or a range of its bytes (RFC 9110, 14). There
 * are no ranges without colours: they would be counted in bytes that are not stored.
 * @throws DomainError `range-not-satisfiable` for a range that begins after the end
 */
export async function serveLogText<Phase extends string>(
  response: Response,
  logs: StoredLogs<Phase>,
  { id, phase }: LogSubject<Phase>,
  { range, hasColors }: LogTextRequest,
): Promise<void> {
  const size = await logs.size(id, phase);
  response.set({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  if (!hasColors) {
    await sendAll(response, withoutColors(logs.read(id, phase, 0, size)));
    return;
  }
  response.set('Accept-Ranges', 'bytes');
  const wanted = parseByteRange(range, size);
  if (wanted === 'unsatisfiable') {
    response.set('Content-Range', `bytes */${size}`);
    throw new DomainError('range', 'range-not-satisfiable', `The log has ${size} bytes; the range begins after them.`);
  }
  const { from, to } = wanted ?? { from: 0, to: size };
  if (wanted) response.status(206).set('Content-Range', `bytes ${from}-${to - 1}/${size}`);
  response.set('Content-Length', String(to - from));
  await sendAll(response, logs.read(id, phase, from, to));
}

async function* withoutColors(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const stripper = new AnsiStripper();
  const decoder = new TextDecoder();
  for await (const chunk of chunks) yield stripper.push(decoder.decode(chunk, { stream: true }));
  yield stripper.push(decoder.decode()) + stripper.flush();
}

/** Sends chunks as the reader takes them. A reader that goes away is no error. */
async function sendAll(response: Response, chunks: AsyncIterable<Buffer | string>): Promise<void> {
  await pipeline(Readable.from(chunks), response).catch((error: unknown) => {
    if (!response.destroyed) throw error;
  });
}
