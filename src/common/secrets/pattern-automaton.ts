/**
 * Finds any number of byte patterns in one pass over the input (Aho–Corasick). A state stands for the longest suffix
 * of what was read that a pattern begins with; state 0 is "none". The trie is kept in flat arrays and child lists, as
 * a table of 256 successors per state would take fifty times the memory for secrets of some kilobytes.
 *
 * All fields are private to the language, so that no logger that prints an object prints a secret.
 */
export class PatternAutomaton {
  readonly #label: Uint8Array;
  readonly #firstChild: Int32Array;
  readonly #nextSibling: Int32Array;
  readonly #depth: Int32Array;
  /** The longest proper suffix of a state that is a state. */
  readonly #fail: Int32Array;
  /** Length of the longest pattern that ends here; 0 when none does. */
  readonly #matched: Int32Array;
  readonly #fromRoot = new Int32Array(256);
  /** Which two bytes a pattern begins with: most positions of ordinary text are passed over by this look alone. */
  readonly #startsPattern = new Uint8Array(65_536);
  #size = 1;

  /** @param patterns of two bytes or more each */
  constructor(patterns: readonly Buffer[]) {
    const capacity = patterns.reduce((sum, pattern) => sum + pattern.length, 1);
    this.#label = new Uint8Array(capacity);
    this.#firstChild = new Int32Array(capacity);
    this.#nextSibling = new Int32Array(capacity);
    this.#depth = new Int32Array(capacity);
    this.#fail = new Int32Array(capacity);
    this.#matched = new Int32Array(capacity);
    for (const pattern of patterns) this.#insert(pattern);
    this.#link();
  }

  /** How many bytes back the match in progress began: a match that is still to come begins there or later. */
  depth(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /** True when any pattern occurs in these bytes. */
  matches(bytes: Uint8Array): boolean {
    let found = false;
    this.run(bytes, 0, () => {
      found = true;
    });
    return found;
  }

  /**
   * Reads all of `bytes` and returns the new state.
   * @param found called for each position where patterns end, with the length of the longest of them
   */
  run(bytes: Uint8Array, from: number, found: (end: number, length: number) => void): number {
    const startsPattern = this.#startsPattern;
    const fromRoot = this.#fromRoot;
    const label = this.#label;
    const firstChild = this.#firstChild;
    const nextSibling = this.#nextSibling;
    const fail = this.#fail;
    const matched = this.#matched;
    const last = bytes.length - 1;
    let state = from;
    for (let i = 0; i <= last; i++) {
      const byte = bytes[i] as number;
      if (state === 0) {
        if (i < last && startsPattern[(byte << 8) | (bytes[i + 1] as number)] === 0) continue;
        state = fromRoot[byte] as number;
        continue;
      }
      for (;;) {
        let child = firstChild[state] as number;
        while (child !== 0 && label[child] !== byte) child = nextSibling[child] as number;
        if (child !== 0) {
          state = child;
          break;
        }
        state = fail[state] as number;
        if (state === 0) {
          state = fromRoot[byte] as number;
          break;
        }
      }
      const length = matched[state] as number;
      if (length === 0) continue;
      found(i + 1, length);
      // No pattern goes on from here, so only what a shorter suffix begins can still come.
      while (state !== 0 && firstChild[state] === 0) state = fail[state] as number;
    }
    return state;
  }

  #insert(pattern: Buffer): void {
    let state = 0;
    for (const byte of pattern) state = this.#child(state, byte) || this.#addChild(state, byte);
    this.#matched[state] = pattern.length;
    this.#startsPattern[pattern.readUInt16BE(0)] = 1;
  }

  #child(state: number, byte: number): number {
    if (state === 0) return this.#fromRoot[byte] as number;
    let child = this.#firstChild[state] as number;
    while (child !== 0 && this.#label[child] !== byte) child = this.#nextSibling[child] as number;
    return child;
  }

  #addChild(state: number, byte: number): number {
    const child = this.#size++;
    this.#label[child] = byte;
    this.#depth[child] = (this.#depth[state] as number) + 1;
    this.#nextSibling[child] = this.#firstChild[state] as number;
    this.#firstChild[state] = child;
    if (state === 0) this.#fromRoot[byte] = child;
    return child;
  }

  /** Sets `fail` level by level, so that those of all shorter states are known. */
  #link(): void {
    const queue = new Int32Array(this.#size);
    let end = 0;
    for (const state of this.#fromRoot) if (state !== 0) queue[end++] = state;
    for (let i = 0; i < end; i++) {
      const state = queue[i] as number;
      for (let child = this.#firstChild[state] as number; child !== 0; child = this.#nextSibling[child] as number) {
        const byte = this.#label[child] as number;
        let suffix = this.#fail[state] as number;
        let target = this.#child(suffix, byte);
        while (target === 0 && suffix !== 0) {
          suffix = this.#fail[suffix] as number;
          target = this.#child(suffix, byte);
        }
        this.#fail[child] = target;
        this.#matched[child] ||= this.#matched[target] as number;
        queue[end++] = child;
      }
    }
  }
}
