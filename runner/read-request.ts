import type { Readable } from 'node:stream';
import { RunnerRequestError } from './protocol/parse-request';

/** Made once and early: a runner that waits on stdin should have nothing left to set up. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads stdin to its end, or to the limit: what is larger is refused at once and never held in memory.
 *
 * @throws RunnerRequestError when it is too large, is not UTF-8, or cannot be read.
 */
export function readRequestText(stdin: Readable, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stdin.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return chunks.push(chunk);
      stdin.pause();
      stdin.removeAllListeners('data');
      chunks.length = 0;
      return reject(new RunnerRequestError(`the request is larger than ${maxBytes} bytes`));
    });
    stdin.once('error', (error) => reject(new RunnerRequestError(`stdin cannot be read: ${error.message}`)));
    stdin.once('end', () => {
      try {
        resolve(utf8.decode(Buffer.concat(chunks)));
      } catch {
        reject(new RunnerRequestError('the request on stdin is not UTF-8'));
      }
    });
  });
}
