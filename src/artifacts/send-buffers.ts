const LARGE_BYTES = 256 * 1024;
const SMALL_BYTES = 32 * 1024;
/** Pairs of large buffers that are lent at once: 16 MiB. Everybody else gets small ones. */
const LARGE_PAIRS = 32;

export type BufferPair = readonly [Buffer, Buffer];

/**
 * Lends the buffers that downloads are sent with. Large ones are faster, but there are only so many, since a client that
 * stops reading keeps what it was lent.
 */
export class SendBuffers {
  private readonly free: BufferPair[] = [];
  private lent = 0;

  /** @param bytes how much is to be sent with them */
  borrow(bytes: number): BufferPair {
    if (bytes <= SMALL_BYTES || this.lent >= LARGE_PAIRS) return pairOf(Math.max(1, Math.min(bytes, SMALL_BYTES)));
    this.lent++;
    return this.free.pop() ?? pairOf(LARGE_BYTES);
  }

  /** @param isClean false: something may still read from them, so nobody else can have them */
  giveBack(pair: BufferPair, isClean: boolean): void {
    if (pair[0].length !== LARGE_BYTES) return;
    this.lent--;
    if (isClean) this.free.push(pair);
  }
}

function pairOf(bytes: number): BufferPair {
  return [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
}
