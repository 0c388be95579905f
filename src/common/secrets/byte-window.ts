/** The last bytes of a stream, by their position in it. Bytes are copied once, when they outlive the call that brought them. */
export class ByteWindow {
  #pieces: Buffer[] = [];
  /** Position of the first byte that is kept. */
  #start = 0;

  /** Adds the next bytes, without copying them: `drop` must follow before the caller can reuse their memory. */
  append(bytes: Buffer): void {
    this.#pieces.push(bytes);
  }

  /** Adds the bytes between two positions to `output`; what is no longer kept is left out. */
  copy(from: number, to: number, output: Buffer[]): void {
    let position = this.#start;
    for (const piece of this.#pieces) {
      if (position >= to) return;
      const start = Math.max(from - position, 0);
      const end = Math.min(to - position, piece.length);
      if (start < end) output.push(piece.subarray(start, end));
      position += piece.length;
    }
  }

  /** Forgets everything before a position, and makes what is kept of the newest bytes its own. */
  drop(before: number): void {
    let first = this.#pieces[0];
    while (first !== undefined && this.#start + first.length <= before) {
      this.#start += first.length;
      this.#pieces.shift();
      first = this.#pieces[0];
    }
    if (first === undefined) return;
    if (before > this.#start) {
      this.#pieces[0] = first.subarray(before - this.#start);
      this.#start = before;
    }
    const last = this.#pieces.pop();
    if (last !== undefined) this.#pieces.push(Buffer.from(last));
  }
}
