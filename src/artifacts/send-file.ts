import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { ByteRange } from '../common/http/byte-range';
import type { SendBuffers } from './send-buffers';

/**
 * Writes a range of a file to a stream with two buffers that are used in turn: while one is written, the other is read
 * into. A stream of fresh chunks does the same for half as much again of the processor, since each chunk is memory that
 * the garbage collector must learn of and forget (docs/bench.md has the figures).
 * @throws what the target fails with; Error when it closes, or the file ends, before all of it was sent
 */
export async function sendFile(file: FileHandle, range: ByteRange, target: Writable, pool: SendBuffers): Promise<void> {
  const buffers = pool.borrow(range.to - range.from);
  let isDone = false;
  const gone = new Gone(target);
  let written: Promise<void> = Promise.resolve();
  try {
    let turn: 0 | 1 = 0;
    for (let position = range.from; position < range.to;) {
      const buffer = buffers[turn];
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, range.to - position), position);
      if (bytesRead === 0) throw new Error('The file is shorter than it was.');
      // The other buffer may be read into only once it is written.
      await gone.orDone(written);
      written = write(target, buffer.subarray(0, bytesRead));
      position += bytesRead;
      turn = turn === 0 ? 1 : 0;
    }
    await gone.orDone(written);
    isDone = true;
  } finally {
    gone.stopListening();
    pool.giveBack(buffers, isDone);
    // Nobody waits for the last write of a target that has gone.
    written.catch(() => undefined);
  }
}

function write(target: Writable, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => target.write(chunk, (error) => (error ? reject(error) : resolve())));
}

/** A target that closes may never call back. */
class Gone {
  private readonly closed: Promise<never>;
  private readonly onClose: () => void;

  constructor(private readonly target: Writable) {
    let fail: (error: Error) => void = () => undefined;
    this.closed = new Promise<never>((_resolve, reject) => (fail = reject));
    this.closed.catch(() => undefined);
    this.onClose = () => fail(new Error('The receiver has gone.'));
    if (target.destroyed) this.onClose();
    target.once('close', this.onClose);
  }

  orDone(work: Promise<void>): Promise<void> {
    return Promise.race([work, this.closed]);
  }

  stopListening(): void {
    this.target.off('close', this.onClose);
  }
}
