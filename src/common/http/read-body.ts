import type { Request } from 'express';
import { DomainError } from '../errors';

/**
 * The whole body of a request, as it was sent.
 * @throws DomainError `body-too-large`; `bad-request` when it ended early
 */
export async function readBody(request: Request, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new DomainError('invalid', 'bad-request', 'The body ended before its announced length.');
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): DomainError {
  const mebibytes = Math.round((maxBytes / 2 ** 20) * 10) / 10;
  return new DomainError('too-large', 'body-too-large', `The body is larger than ${mebibytes} MiB.`);
}
