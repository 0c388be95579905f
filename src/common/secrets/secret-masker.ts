import { ByteWindow } from './byte-window';
import type { PatternAutomaton } from './pattern-automaton';
import { MIN_SECRET_LENGTH } from './secret-forms';
import type { SecretPatterns } from './secret-patterns';

export { isMaskable, SecretPatterns } from './secret-patterns';

const MASK = Buffer.from('***');
const NOTHING = Buffer.alloc(0);
/** Input is worked on in pieces of this size, so that the memory for matches does not depend on the caller's chunks. */
const SLICE_SIZE = 64 * 1024;

/** A stretch of the input that is covered by matches, each overlapping the next; ends are exclusive. */
interface Covered {
  start: number;
  end: number;
}

/**
 * Replaces secrets in a stream of bytes by `***`. Matches that overlap become one mask. The output does not depend on
 * how the input is cut into chunks. What is held back is only what may still become part of a match, so a line without
 * the beginning of a secret at its end comes out at once; never more than the longest form of a secret is kept.
 */
export class SecretMasker {
  readonly #automaton: PatternAutomaton | null;
  readonly #window = new ByteWindow();
  #state = 0;
  #read = 0;
  #consumed = 0;
  #covered: Covered[] = [];

  constructor(patterns: SecretPatterns) {
    this.#automaton = patterns.automaton();
  }

  /**
   * How many bytes of the input are in the output for good, masked or not. No match reaches across this position, so
   * a new masker that is given the input from here on goes on with exactly the output that this one would have made.
   */
  get consumed(): number {
    return this.#consumed;
  }

  /** Takes the next bytes and returns what is decided by now. The result may share memory with the chunk. */
  push(chunk: Buffer): Buffer {
    const automaton = this.#automaton;
    if (automaton === null) {
      this.#consumed += chunk.length;
      return chunk;
    }
    const output: Buffer[] = [];
    for (let from = 0; from < chunk.length; from += SLICE_SIZE) {
      this.#advance(automaton, chunk.subarray(from, from + SLICE_SIZE), output);
    }
    return join(output);
  }

  /**
   * Ends the input, or a part of it after which the reader has waited long enough: what was held back comes out as it
   * is, and what is pushed later is taken for new text.
   */
  flush(): Buffer {
    const output: Buffer[] = [];
    this.#emit(this.#automaton === null ? this.#consumed : this.#read, output);
    this.#window.drop(this.#read);
    this.#state = 0;
    return join(output);
  }

  #advance(automaton: PatternAutomaton, slice: Buffer, output: Buffer[]): void {
    const offset = this.#read;
    this.#state = automaton.run(slice, this.#state, (end, length) => this.#cover(offset + end - length, offset + end));
    this.#window.append(slice);
    this.#read += slice.length;
    const undecided = this.#read - automaton.depth(this.#state);
    this.#emit(undecided, output);
    this.#window.drop(undecided);
  }

  #cover(from: number, end: number): void {
    let start = from;
    for (let last = this.#covered.at(-1); last !== undefined && last.end > start; last = this.#covered.at(-1)) {
      start = Math.min(start, last.start);
      this.#covered.pop();
    }
    this.#covered.push({ start, end });
  }

  /**
   * Puts out everything before `limit`. A covered stretch that reaches beyond it waits: a match that begins inside of
   * it may still come and make it longer.
   */
  #emit(limit: number, output: Buffer[]): void {
    let done = 0;
    for (const { start, end } of this.#covered) {
      if (end > limit) break;
      this.#window.copy(this.#consumed, start, output);
      output.push(MASK);
      this.#consumed = end;
      done++;
    }
    if (done > 0) this.#covered.splice(0, done);
    const next = Math.min(limit, this.#covered[0]?.start ?? limit);
    this.#window.copy(this.#consumed, next, output);
    this.#consumed = next;
  }
}

/** Replaces secrets in a whole text; returns the same text when there is none in it. */
export function maskText(patterns: SecretPatterns, text: string): string {
  const automaton = patterns.automaton();
  if (automaton === null || text.length < MIN_SECRET_LENGTH) return text;
  const bytes = Buffer.from(text);
  if (!automaton.matches(bytes)) return text;
  const masker = new SecretMasker(patterns);
  return Buffer.concat([masker.push(bytes), masker.flush()]).toString();
}

function join(parts: Buffer[]): Buffer {
  const [first] = parts;
  if (first === undefined) return NOTHING;
  return parts.length === 1 ? first : Buffer.concat(parts);
}
