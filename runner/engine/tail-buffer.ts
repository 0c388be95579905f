const FIRST_CAPACITY = 64 * 1024;

/** Keeps the last `limit` bytes of a stream in one ring, so that memory does not grow with the stream. */
export class TailBuffer {
  private ring: Buffer = Buffer.alloc(0);
  /** Where the next byte goes. */
  private next = 0;
  private kept = 0;
  private total = 0;

  constructor(private readonly limit: number) {}

  /** @returns the chunk itself, for whoever wants to hand it on. */
  append(chunk: Buffer): Buffer {
    this.total += chunk.length;
    const part = chunk.length > this.limit ? chunk.subarray(chunk.length - this.limit) : chunk;
    if (part.length === 0) return chunk;
    this.growFor(part.length);
    const untilEnd = Math.min(part.length, this.ring.length - this.next);
    this.ring.set(part.subarray(0, untilEnd), this.next);
    this.ring.set(part.subarray(untilEnd), 0);
    this.next = (this.next + part.length) % this.ring.length;
    this.kept = Math.min(this.kept + part.length, this.ring.length);
    return chunk;
  }

  /** Whether something was dropped at the front. */
  get isTruncated(): boolean {
    return this.total > this.kept;
  }

  /** The kept end as text; it never begins in the middle of a character. */
  toText(): string {
    const wrapped = this.kept === this.ring.length;
    const bytes = wrapped
      ? Buffer.concat([this.ring.subarray(this.next), this.ring.subarray(0, this.next)])
      : this.ring.subarray(0, this.kept);
    return decodeTail(bytes, this.isTruncated);
  }

  /** Below the limit nothing has wrapped yet, so growing is a plain copy. */
  private growFor(length: number): void {
    const needed = Math.min(this.limit, this.kept + length);
    if (needed <= this.ring.length) return;
    const capacity = Math.min(this.limit, Math.max(FIRST_CAPACITY, this.ring.length * 2, needed));
    const grown = Buffer.alloc(capacity);
    grown.set(this.ring.subarray(0, this.kept));
    this.ring = grown;
    this.next = this.kept % capacity;
  }
}

/**
 * Decodes the end of a UTF-8 stream. When the front was cut off, the rest of a character that the cut went through
 * is left out (at most three bytes; what is no UTF-8 anyway is not eaten up).
 */
export function decodeTail(bytes: Buffer, wasCut: boolean): string {
  let start = 0;
  if (wasCut) while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.toString('utf8', start);
}
