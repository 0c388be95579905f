/** The trie in flat arrays, one entry for each state. */
interface Trie {
  label: Uint8Array;
  firstChild: Int32Array;
  nextSibling: Int32Array;
  depth: Int32Array;
  /** The longest proper suffix of a state that is a state. */
  fail: Int32Array;
  /** Length of the longest pattern that ends here; 0 when none does. */
  matched: Int32Array;
  fromRoot: Int32Array;
  /** Which two bytes a pattern begins with: most positions of ordinary text are passed over by this look alone. */
  startsPattern: Uint8Array;
  size: number;
}

/**
 * Finds any number of byte patterns in one pass over the input (Aho–Corasick). A state stands for the longest suffix
 * of what was read that a pattern begins with; state 0 is "none". The trie is kept in flat arrays and child lists, as
 * a table of 256 successors per state would take fifty times the memory for secrets of some kilobytes.
 *
 * The field is private to the language, so that no logger that prints an object prints a secret. There is one alone,
 * since private fields are slow to read as they are compiled, and a run builds this for each of its commands.
 */
export class PatternAutomaton {
  readonly #trie: Trie;

  /** @param patterns of two bytes or more each */
  constructor(patterns: readonly Buffer[]) {
    const capacity = patterns.reduce((sum, pattern) => sum + pattern.length, 1);
    const trie: Trie = {
      label: new Uint8Array(capacity),
      firstChild: new Int32Array(capacity),
      nextSibling: new Int32Array(capacity),
      depth: new Int32Array(capacity),
      fail: new Int32Array(capacity),
      matched: new Int32Array(capacity),
      fromRoot: new Int32Array(256),
      startsPattern: new Uint8Array(65_536),
      size: 1,
    };
    for (const pattern of patterns) insert(trie, pattern);
    link(trie);
    this.#trie = trie;
  }

  /** How many bytes back the match in progress began: a match that is still to come begins there or later. */
  depth(state: number): number {
    return this.#trie.depth[state] ?? 0;
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
    const { startsPattern, fromRoot, label, firstChild, nextSibling, fail, matched } = this.#trie;
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
}

function insert(trie: Trie, pattern: Buffer): void {
  let state = 0;
  for (const byte of pattern) state = childOf(trie, state, byte) || addChild(trie, state, byte);
  trie.matched[state] = pattern.length;
  trie.startsPattern[pattern.readUInt16BE(0)] = 1;
}

function childOf({ fromRoot, firstChild, nextSibling, label }: Trie, state: number, byte: number): number {
  if (state === 0) return fromRoot[byte] as number;
  let child = firstChild[state] as number;
  while (child !== 0 && label[child] !== byte) child = nextSibling[child] as number;
  return child;
}

function addChild(trie: Trie, state: number, byte: number): number {
  const child = trie.size++;
  trie.label[child] = byte;
  trie.depth[child] = (trie.depth[state] as number) + 1;
  trie.nextSibling[child] = trie.firstChild[state] as number;
  trie.firstChild[state] = child;
  if (state === 0) trie.fromRoot[byte] = child;
  return child;
}

/** Sets `fail` level by level, so that those of all shorter states are known. */
function link(trie: Trie): void {
  const { fromRoot, firstChild, nextSibling, label, fail, matched } = trie;
  const queue = new Int32Array(trie.size);
  let end = 0;
  for (const state of fromRoot) if (state !== 0) queue[end++] = state;
  for (let i = 0; i < end; i++) {
    const state = queue[i] as number;
    for (let child = firstChild[state] as number; child !== 0; child = nextSibling[child] as number) {
      const byte = label[child] as number;
      let suffix = fail[state] as number;
      let target = childOf(trie, suffix, byte);
      while (target === 0 && suffix !== 0) {
        suffix = fail[suffix] as number;
        target = childOf(trie, suffix, byte);
      }
      fail[child] = target;
      matched[child] ||= matched[target] as number;
      queue[end++] = child;
    }
  }
}
