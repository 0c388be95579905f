/** What the platform reads of a state; the rest is the tool's own business. */
export interface StateHeader {
  serial: number;
  /** Empty for a state that has none yet. */
  lineage: string;
}

export interface StateOutput {
  value: unknown;
  type: unknown;
  sensitive: boolean;
}

/** A state as far as the platform looks into it. */
export interface StateContent extends StateHeader {
  /** How many resource instances it holds; null when that cannot be seen (encrypted by the tool). */
  resourceCount: number | null;
  /** Null when they cannot be seen. */
  outputs: Record<string, StateOutput> | null;
}

const MAX_OUTPUT_DEPTH = 500;
/** No state was ever written so often. One with a higher number would leave no room for those that follow. */
const MAX_SERIAL = 2 ** 48;

/** The text is not a state. */
export class NotAStateError extends Error {}

/**
 * Reads a state of terraform or tofu (version 4). One that tofu has encrypted shows its serial and lineage alone
 * (protocol facts, section 12).
 * @throws NotAStateError with a clause that says what is wrong
 */
export function readState(text: string): StateContent {
  const state = parse(text);
  const { serial, lineage } = state;
  if (typeof serial !== 'number' || !Number.isSafeInteger(serial) || serial < 0) {
    throw new NotAStateError('its "serial" is not a whole number');
  }
  if (serial > MAX_SERIAL) throw new NotAStateError('its "serial" is too large for any state to follow it');
  if (lineage !== undefined && typeof lineage !== 'string') throw new NotAStateError('its "lineage" is not text');
  const header = { serial, lineage: lineage ?? '' };
  if (header.lineage.length > 128) throw new NotAStateError('its "lineage" is too long');
  if ('encrypted_data' in state) return { ...header, resourceCount: null, outputs: null };
  if (state.version !== 4) throw new NotAStateError('its "version" is not 4');
  // No tool makes such outputs, and they could not be told to anybody.
  if (isDeeperThan(MAX_OUTPUT_DEPTH, state.outputs)) throw new NotAStateError('its outputs are nested too deeply');
  return { ...header, resourceCount: countResources(state.resources), outputs: readOutputs(state.outputs) };
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NotAStateError('it is not JSON, or is cut off');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotAStateError('it is no object');
  return value as Record<string, unknown>;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** Data sources are read and not made: they do not count. */
function countResources(resources: unknown): number {
  if (!Array.isArray(resources)) return 0;
  return resources.reduce((count: number, resource: unknown) => {
    const { mode, instances } = (resource ?? {}) as { mode?: unknown; instances?: unknown };
    return mode === 'managed' && Array.isArray(instances) ? count + instances.length : count;
  }, 0);
}

function readOutputs(outputs: unknown): Record<string, StateOutput> {
  if (typeof outputs !== 'object' || outputs === null) return {};
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => {
      const { value, type, sensitive } = (output ?? {}) as { value?: unknown; type?: unknown; sensitive?: unknown };
      return [name, { value: value ?? null, type: type ?? null, sensitive: sensitive === true }];
    }),
  );
}

/**
 * The same state with another serial: what a rollback writes. The text is kept as it is but for the number, since parsing
 * and writing it anew would change numbers that JavaScript cannot hold.
 * @throws NotAStateError
 */
export function withSerial(text: string, serial: number): string {
  parse(text);
  const place = findSerial(text);
  if (place === null) throw new NotAStateError('its "serial" is not written as a plain number');
  return `${text.slice(0, place.from)}${serial}${text.slice(place.to)}`;
}

/**
 * Where the number of the outermost object's `serial` stands: of several, the last, which is the one that counts. Null
 * when it is written in a way that cannot be changed, such as `1e3`. The text is valid JSON.
 */
function findSerial(text: string): Place | null {
  // By hand and not by one expression for strings: on one of some megabytes that would end in a stack overflow.
  const token = /["[\]{}]/g;
  let depth = 0;
  let place: Place | null = null;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '{' || match[0] === '[') depth += 1;
    else if (match[0] !== '"') depth -= 1;
    else {
      token.lastIndex = endOfString(text, match.index);
      if (depth === 1 && isSerial(text.slice(match.index, token.lastIndex))) {
        place = placeOfNumber(text, token.lastIndex, place);
      }
    }
  }
  return place;
}

interface Place {
  from: number;
  to: number;
}

/** The number behind a key that ends here; `before` when it is no key but a value, which has no colon behind it. */
function placeOfNumber(text: string, keyEnd: number, before: Place | null): Place | null {
  const after = /\s*:\s*(?:(\d+)(?=\s*[,}]))?/y;
  after.lastIndex = keyEnd;
  const value = after.exec(text);
  if (!value) return before;
  const length = value[1]?.length ?? 0;
  return length === 0 ? null : { from: after.lastIndex - length, to: after.lastIndex };
}

/** Behind the closing quote of the string that begins here. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
}

function isSerial(token: string): boolean {
  return token === '"serial"' || (token.length < 64 && token.includes('\\') && JSON.parse(token) === 'serial');
}

/** The same state with nothing in it: what a `DELETE` of the backend leaves. */
export function emptied(text: string, serial: number): string {
  const state = parse(text);
  return `${JSON.stringify({ ...state, serial, outputs: {}, resources: [], check_results: null }, null, 2)}\n`;
}
