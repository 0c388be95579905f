import { isJsonObject, type JsonObject } from './plan-json';

/** What stands in the place of a sensitive value. */
export const MASK = '***';

/** Takes known secrets out of one text. */
export type TextFilter = (text: string) => string;

/** Sets a property as `JSON.parse` does: a key `__proto__` is an ordinary one. */
export function setProperty(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** True when anything at all is marked in a sensitivity mask of the tool. */
export function marksAnything(mask: unknown): boolean {
  if (mask === true) return true;
  if (typeof mask !== 'object' || mask === null) return false;
  return Object.values(mask).some(marksAnything);
}

/** The mask that marks what either of the two marks. */
export function mergeMasks(a: unknown, b: unknown): unknown {
  if (a === true || b === true) return true;
  if (!marksAnything(a)) return b;
  if (!marksAnything(b)) return a;
  if (Array.isArray(a) && Array.isArray(b)) {
    const [long, short]: [unknown[], unknown[]] = a.length < b.length ? [b, a] : [a, b];
    return long.map((mask, index) => mergeMasks(mask, short[index]));
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    const merged: JsonObject = {};
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
      setProperty(merged, key, mergeMasks(a[key], b[key]));
    return merged;
  }
  return true;
}

/**
 * Scalars that stand somewhere under a mask. The tool loses the mark when a provider gives a value back in another
 * attribute (`output` of terraform_data shows its sensitive `input` in clear), so the same value is looked for
 * elsewhere. Short ones are left alone: they would be found where they mean something else.
 */
export class SensitiveValues {
  private readonly values = new Set<unknown>();

  add(value: unknown): void {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach((child) => this.add(child));
    else if (SensitiveValues.isTelling(value)) this.values.add(value);
  }

  has(value: unknown): boolean {
    return this.values.has(value);
  }

  private static isTelling(value: unknown): boolean {
    return (typeof value === 'string' || typeof value === 'number') && String(value).length >= 6;
  }
}

/** Copies the values of one JSON document and masks on the way. */
export class MaskingCopier {
  /** What was masked because the tool marks it. */
  readonly hidden = new SensitiveValues();
  /** The keys of a plan are few and come again and again. */
  private readonly keys = new Map<string, string>();

  /** @param known values to mask wherever they are a whole value of a resource, output or variable */
  constructor(
    private readonly filter?: TextFilter,
    private readonly known = new SensitiveValues(),
  ) {}

  /** A deep copy with every string and every key filtered. Two keys that become the same after it leave one entry. */
  copy(value: unknown): unknown {
    if (typeof value === 'string') return this.filter ? this.filter(value) : value;
    if (Array.isArray(value)) return value.map((element: unknown) => this.copy(element));
    if (isJsonObject(value)) return this.mapObject(value, (child) => this.copy(child));
    return value;
  }

  /** As `copy`, for what is the user's and not the format's: known values are masked. */
  copyValue(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((element: unknown) => this.copyValue(element));
    if (isJsonObject(value)) return this.mapObject(value, (child) => this.copyValue(child));
    return this.known.has(value) ? MASK : this.copy(value);
  }

  /** As `copyValue`, without what the tool's mask marks. A mask that does not fit the value marks all of it. */
  copyMasked(value: unknown, mask: unknown): unknown {
    if (mask === true) return this.hide(value);
    if (typeof mask !== 'object' || mask === null) return this.copyValue(value);
    if (Array.isArray(mask) && Array.isArray(value)) {
      return value.map((element: unknown, index) => this.copyMasked(element, mask[index]));
    }
    if (isJsonObject(mask) && isJsonObject(value)) {
      return this.mapObject(value, (child, key) => this.copyMasked(child, Object.hasOwn(mask, key) && mask[key]));
    }
    return value !== null && marksAnything(mask) ? this.hide(value) : this.copyValue(value);
  }

  /** Gives the mask for a value and remembers the value. */
  hide(value: unknown): string {
    this.hidden.add(value);
    return MASK;
  }

  /** A new object with the same keys, filtered, and new values. */
  mapObject(value: JsonObject, map: (child: unknown, key: string) => unknown): JsonObject {
    const result: JsonObject = {};
    for (const key of Object.keys(value)) setProperty(result, this.key(key), map(value[key], key));
    return result;
  }

  private key(key: string): string {
    if (!this.filter) return key;
    let filtered = this.keys.get(key);
    if (filtered === undefined) {
      filtered = this.filter(key);
      this.keys.set(key, filtered);
    }
    return filtered;
  }
}
