import { JsonCursor, JsonError, type Place } from './json-cursor';

/** What the platform reads of a state; the rest is the tool's own business. */
export interface StateHeader {
  serial: number;
  /** Empty for a state that has none yet. */
  lineage: string;
}

/** An output, by where its parts stand; null for a part that is missing. */
export interface StateOutput {
  value: Place | null;
  type: Place | null;
  sensitive: boolean;
}

/** A state as far as the platform looks into it. */
export interface StateContent extends StateHeader {
  /** How many resource instances it holds; null when that cannot be seen (encrypted by the tool). */
  resourceCount: number | null;
  /** By name; null when they cannot be seen. */
  outputs: Map<string, StateOutput> | null;
}

/** An output may not be nested more deeply: no tool makes such ones, and clients could not read them. */
const MAX_OUTPUT_DEPTH = 500;
/** No state was ever written so often. One with a higher number would leave no room for those that follow. */
const MAX_SERIAL = 2 ** 48;
/** Longer numbers, texts and names are none that we look for. */
const MAX_SMALL_BYTES = 1024;
/** No configuration has so many; each takes some memory. */
const MAX_OUTPUTS = 100_000;

const NULL = Buffer.from('null');

/** The text is not a state. */
export class NotAStateError extends Error {}

/**
 * Reads a state of terraform or tofu (version 4), in UTF-8. One that tofu has encrypted shows its serial and lineage alone
 * (protocol facts, section 12).
 * @throws NotAStateError with a clause that says what is wrong
 */
export function readState(bytes: Uint8Array): StateContent {
  const { version, serial, lineage, resourceCount, outputs, isEncrypted } = walk(bytes);
  if (typeof serial !== 'number' || !Number.isSafeInteger(serial) || serial < 0) {
    throw new NotAStateError('its "serial" is not a whole number');
  }
  if (serial > MAX_SERIAL) throw new NotAStateError('its "serial" is too large for any state to follow it');
  if (lineage !== undefined && typeof lineage !== 'string') throw new NotAStateError('its "lineage" is not text');
  const header = { serial, lineage: lineage ?? '' };
  if (header.lineage.length > 128) throw new NotAStateError('its "lineage" is too long');
  if (isEncrypted) return { ...header, resourceCount: null, outputs: null };
  if (version !== 4) throw new NotAStateError('its "version" is not 4');
  return { ...header, resourceCount, outputs };
}

/**
 * The same state with another serial: what a rollback writes. The text is kept as it is but for the number, since reading
 * and writing it anew would change numbers that JavaScript cannot hold.
 * @throws NotAStateError
 */
export function withSerial(bytes: Uint8Array, serial: number): Uint8Array {
  const place = walk(bytes).places.get('serial');
  // Of several the last one counts. One such as `1e3` is not touched.
  if (place === undefined || !/^\d+$/.test(textAt(bytes, place))) {
    throw new NotAStateError('its "serial" is not written as a plain number');
  }
  const digits = Buffer.from(String(serial));
  const changed = Buffer.allocUnsafeSlow(bytes.length - (place.to - place.from) + digits.length);
  changed.set(bytes.subarray(0, place.from));
  changed.set(digits, place.from);
  changed.set(bytes.subarray(place.to), place.from + digits.length);
  return changed;
}

/** The same state with nothing in it: what a `DELETE` of the backend leaves. */
export function emptied(bytes: Uint8Array, serial: number): Uint8Array {
  const { places } = walk(bytes);
  const kept = ['version', 'terraform_version', 'lineage'].flatMap((name) => {
    const place = places.get(name);
    return place === undefined ? [] : [`  "${name}": ${textAt(bytes, place)}`];
  });
  const rest = [`  "serial": ${serial}`, '  "outputs": {}', '  "resources": []', '  "check_results": null'];
  return Buffer.from(`{\n${[...kept, ...rest].join(',\n')}\n}\n`);
}

/** The outputs as they are told to whoever may read, as the text of a JSON object: without values of sensitive ones. */
export function shownOutputs(bytes: Uint8Array): Uint8Array {
  const { outputs } = readState(bytes);
  const pieces: Uint8Array[] = [];
  const add = (place: Place | null): unknown =>
    pieces.push(place === null ? NULL : bytes.subarray(place.from, place.to));
  for (const [name, { value, type, sensitive }] of outputs ?? []) {
    pieces.push(Buffer.from(`${pieces.length === 0 ? '' : ','}${JSON.stringify(name)}:{"value":`));
    add(sensitive ? null : value);
    pieces.push(Buffer.from(',"type":'));
    add(type);
    pieces.push(Buffer.from(`,"sensitive":${sensitive}}`));
  }
  return Buffer.concat([Buffer.from('{'), ...pieces, Buffer.from('}')]);
}

/** What a walk over a state has found. */
interface Found {
  version: unknown;
  serial: unknown;
  lineage: unknown;
  isEncrypted: boolean;
  resourceCount: number;
  outputs: Map<string, StateOutput>;
  /** Of the values of the outermost object that are small, by name. */
  places: Map<string, Place>;
}

function walk(bytes: Uint8Array): Found {
  const found: Found = {
    ...{ version: undefined, serial: undefined, lineage: undefined, isEncrypted: false },
    ...{ resourceCount: 0, outputs: new Map<string, StateOutput>(), places: new Map<string, Place>() },
  };
  try {
    const cursor = new JsonCursor(bytes);
    if (!cursor.isAtObject) {
      cursor.skip();
      cursor.end();
      throw new NotAStateError('it is no object');
    }
    cursor.members((key) => {
      const name = small(cursor, key);
      if (name === 'resources') found.resourceCount = countResources(cursor);
      else if (name === 'outputs') found.outputs = readOutputs(cursor);
      else if (name === 'encrypted_data') {
        found.isEncrypted = true;
        cursor.skip();
      } else {
        const place = cursor.skip();
        if (!isHeader(name)) return;
        found.places.set(name, place);
        if (name !== 'terraform_version') found[name] = small(cursor, place);
      }
    });
    cursor.end();
  } catch (error) {
    throw error instanceof JsonError ? new NotAStateError(error.message) : error;
  }
  return found;
}

function isHeader(name: unknown): name is 'version' | 'terraform_version' | 'serial' | 'lineage' {
  return name === 'version' || name === 'terraform_version' || name === 'serial' || name === 'lineage';
}

/** Data sources are read and not made: they do not count. */
function countResources(cursor: JsonCursor): number {
  let count = 0;
  if (!cursor.isAtArray) {
    cursor.skip();
    return count;
  }
  cursor.elements(() => {
    let mode: unknown;
    let instances = 0;
    visitMembers(cursor, (name) => {
      if (name === 'instances' && cursor.isAtArray) {
        instances = 0;
        cursor.elements(() => {
          cursor.skip();
          instances += 1;
        });
        return;
      }
      const place = cursor.skip();
      if (name === 'mode') mode = small(cursor, place);
      if (name === 'instances') instances = 0;
    });
    if (mode === 'managed') count += instances;
  });
  return count;
}

function readOutputs(cursor: JsonCursor): Map<string, StateOutput> {
  const outputs = new Map<string, StateOutput>();
  visitMembers(cursor, (_name, key) => {
    const output: StateOutput = { value: null, type: null, sensitive: false };
    visitMembers(cursor, (name) => {
      const place = skipOutput(cursor);
      if (name === 'value') output.value = place;
      if (name === 'type') output.type = place;
      if (name === 'sensitive') output.sensitive = small(cursor, place) === true;
    });
    outputs.set(String(cursor.read(key)), output);
    if (outputs.size > MAX_OUTPUTS) throw new NotAStateError('it has too many outputs');
  });
  return outputs;
}

function skipOutput(cursor: JsonCursor): Place {
  return cursor.skip(MAX_OUTPUT_DEPTH);
}

/** Walks over a value and visits its members when it is an object. `visit` must walk over the value of the member. */
function visitMembers(cursor: JsonCursor, visit: (name: unknown, key: Place) => void): void {
  if (cursor.isAtObject) cursor.members((key) => visit(small(cursor, key), key));
  else cursor.skip();
}

/** What stands at a place, when it is small; null otherwise. */
function small(cursor: JsonCursor, place: Place): unknown {
  return place.to - place.from <= MAX_SMALL_BYTES ? cursor.read(place) : null;
}

function textAt(bytes: Uint8Array, { from, to }: Place): string {
  return Buffer.from(bytes.subarray(from, to)).toString('utf8');
}
