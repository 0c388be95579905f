/** The text is not JSON, or more deeply nested than it may be. */
export class JsonError extends Error {}

/** Where something stands: from its first byte to behind its last one. */
export interface Place {
  from: number;
  to: number;
}

/** What Go reads, and so what terraform and tofu read. */
const MAX_DEPTH = 10_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const ZERO = 0x30;
const NINE = 0x39;
const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));
const HEX = /^[0-9a-fA-F]{4}$/;

/**
 * Walks over JSON text in UTF-8 without making anything of it: a state of 100 MB costs no memory, and neither does one
 * that was written to cost much (a parser makes twenty times its size of `{},{},…`). What is walked over is checked; what
 * is wanted is cut out by its place. Each method walks from where the one before has ended. @throws JsonError
 */
export class JsonCursor {
  private position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Whether what comes is an object. */
  get isAtObject(): boolean {
    return this.peek() === OPEN_OBJECT;
  }

  get isAtArray(): boolean {
    return this.peek() === OPEN_ARRAY;
  }

  /** Walks over an object. `visit` is given the place of each key, with its quotes, and must walk over the value. */
  members(visit: (key: Place) => void): void {
    this.expect(OPEN_OBJECT);
    if (this.take(CLOSE_OBJECT)) return;
    do visit(this.key());
    while (this.take(COMMA));
    this.expect(CLOSE_OBJECT);
  }

  /** Walks over an array. `visit` must walk over the element that comes. */
  elements(visit: () => void): void {
    this.expect(OPEN_ARRAY);
    if (this.take(CLOSE_ARRAY)) return;
    do visit();
    while (this.take(COMMA));
    this.expect(CLOSE_ARRAY);
  }

  /** Walks over one value of any kind, which may have so many levels. @returns its place */
  skip(maxDepth = MAX_DEPTH): Place {
    this.skipSpace();
    const from = this.position;
    /** Of each object and array that is open, what closes it. */
    const closers: number[] = [];
    for (;;) {
      const first = this.peek();
      if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
        if (closers.length >= maxDepth) throw new JsonError('it is nested too deeply');
        this.position += 1;
        const closer = first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
        if (!this.take(closer)) {
          closers.push(closer);
          if (closer === CLOSE_OBJECT) this.key();
          continue;
        }
      } else {
        this.scalar(first);
      }
      // A value has ended, and perhaps what it was the last one of.
      for (;;) {
        const closer = closers.at(-1);
        if (closer === undefined) return { from, to: this.position };
        if (this.take(COMMA)) {
          if (closer === CLOSE_OBJECT) this.key();
          break;
        }
        this.expect(closer);
        closers.pop();
      }
    }
  }

  /** Nothing but space may be left. */
  end(): void {
    if (this.peek() !== undefined) throw notJson();
  }

  /** What stands at a place. For small things. */
  read({ from, to }: Place): unknown {
    return JSON.parse(Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, to - from).toString('utf8'));
  }

  private key(): Place {
    this.skipSpace();
    const from = this.position;
    this.string();
    const to = this.position;
    this.expect(COLON);
    return { from, to };
  }

  private scalar(first: number | undefined): void {
    if (first === QUOTE) this.string();
    else if (first === 0x2d || isDigit(first)) this.number();
    else this.word();
  }

  private string(): void {
    const { bytes } = this;
    if (bytes[this.position] !== QUOTE) throw notJson();
    let at = this.position + 1;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.position = at + 1;
        return;
      }
      if (byte < 0x20) throw notJson();
      at += byte === BACKSLASH ? this.escapeLength(at) : 1;
    }
    throw notJson();
  }

  private escapeLength(at: number): number {
    const next = this.bytes[at + 1];
    if (next !== undefined && ESCAPED.has(next)) return 2;
    const digits = String.fromCharCode(...this.bytes.subarray(at + 2, at + 6));
    if (next !== 0x75 || !HEX.test(digits)) throw notJson();
    return 6;
  }

  private number(): void {
    if (this.bytes[this.position] === 0x2d) this.position += 1;
    if (this.bytes[this.position] === ZERO) this.position += 1;
    else this.digits();
    if (this.bytes[this.position] === 0x2e) {
      this.position += 1;
      this.digits();
    }
    const exponent = this.bytes[this.position];
    if (exponent === 0x65 || exponent === 0x45) {
      this.position += 1;
      const sign = this.bytes[this.position];
      if (sign === 0x2b || sign === 0x2d) this.position += 1;
      this.digits();
    }
  }

  private digits(): void {
    const from = this.position;
    while (isDigit(this.bytes[this.position])) this.position += 1;
    if (this.position === from) throw notJson();
  }

  private word(): void {
    const { position, bytes } = this;
    const word = WORDS.find((each) => each.every((byte, index) => bytes[position + index] === byte));
    if (word === undefined) throw notJson();
    this.position += word.length;
  }

  /** The first byte of what comes; undefined at the end. */
  private peek(): number | undefined {
    this.skipSpace();
    return this.position < this.bytes.length ? this.bytes[this.position] : undefined;
  }

  private take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.position += 1;
    return true;
  }

  private expect(byte: number): void {
    if (!this.take(byte)) throw notJson();
  }

  private skipSpace(): void {
    const { bytes } = this;
    let at = this.position;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at += 1;
    }
    this.position = at;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function notJson(): JsonError {
  return new JsonError('it is not JSON, or is cut off');
}
