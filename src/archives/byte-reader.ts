/** Takes exact numbers of bytes from a stream of chunks, and no chunk before it is needed. */
export class ByteReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  /** @param onChunk is told the size of each chunk before its bytes are used; may throw to stop */
  constructor(
    source: AsyncIterable<Buffer>,
    private readonly onChunk: (bytes: number) => void,
  ) {
    this.chunks = source[Symbol.asyncIterator]();
  }

  /** The next bytes, 1 to `most` of them; null at the end. */
  async next(most: number): Promise<Buffer | null> {
    while (this.rest.length === 0) {
      const result = await this.chunks.next();
      if (result.done === true) return null;
      this.onChunk(result.value.length);
      this.rest = result.value;
    }
    const bytes = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(bytes.length);
    return bytes;
  }

  /** Exactly so many bytes; null when the stream ends before. */
  async exactly(length: number): Promise<Buffer | null> {
    const first = await this.next(length);
    if (first === null || first.length === length) return first;
    const parts = [first];
    for (let missing = length - first.length; missing > 0;) {
      const part = await this.next(missing);
      if (part === null) return null;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts, length);
  }

  /** Lets go of the source; to be called however reading ends. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
