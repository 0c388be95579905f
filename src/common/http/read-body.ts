import type { Request } from 'express';
import { DomainError } from '../errors';

/**
 * The whole body of a request, as it was sent.
 * @throws DomainError `body-too-large`; `bad-request` when it ended early
 */
export async function readBody(request: Request, maxBytes: number): Promise<Buffer> {
  const length = Number(request.headers['content-length'] ?? NaN);
  if (length > maxBytes) throw tooLarge(maxBytes);
  // Of a known length, it is put together in place: in pieces a large one would be there twice in the end.
  const whole = Number.isSafeInteger(length) && length >= 0 ? Buffer.allocUnsafeSlow(length) : null;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (size + chunk.length > (whole?.length ?? maxBytes)) throw tooLarge(maxBytes);
      if (whole === null) chunks.push(chunk);
      else chunk.copy(whole, size);
      size += chunk.length;
    }
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw endedEarly();
  }
  if (whole === null) return Buffer.concat(chunks, size);
  if (size !== whole.length) throw endedEarly();
  return whole;
}

function endedEarly(): DomainError {
  return new DomainError('invalid', 'bad-request', 'The body ended before its announced length.');
}

function tooLarge(maxBytes: number): DomainError {
  const mebibytes = Math.round((maxBytes / 2 ** 20) * 10) / 10;
  return new DomainError('too-large', 'body-too-large', `The body is larger than ${mebibytes} MiB.`);
}
