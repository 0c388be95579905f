/** One setting read from the environment: how it is parsed, what it is without a value, and what it means. */
export interface Setting<T> {
  /** One sentence for `docs/configuration.md`. */
  readonly meaning: string;
  /** The default as a reader of the documentation should see it. */
  readonly shownDefault: string;
  /** True when the value may also come from the file that `NAME_FILE` names. */
  readonly secret: boolean;
  /** Parses a given, non-empty value; throws `SettingError` with what is wrong. */
  parse(text: string): T;
  /** The value when the variable is absent or empty. */
  readonly fallback: T;
  /** True when an empty value is a value of its own rather than "not set". */
  readonly emptyMeansEmpty: boolean;
}

/** What is wrong with one value; the loader adds the name and collects them all. */
export class SettingError extends Error {}

interface Description {
  meaning: string;
  shownDefault?: string;
  secret?: boolean;
}

function setting<T>(
  fallback: T,
  parse: (text: string) => T,
  description: Description,
  emptyMeansEmpty = false,
): Setting<T> {
  return {
    meaning: description.meaning,
    shownDefault: description.shownDefault ?? (fallback === null ? '–' : String(fallback)),
    secret: description.secret ?? false,
    parse,
    fallback,
    emptyMeansEmpty,
  };
}

/** A decimal integer within bounds. */
export function integer(
  fallback: number,
  bounds: { min: number; max: number },
  description: Description,
): Setting<number> {
  return setting(
    fallback,
    (text) => {
      if (!/^-?\d+$/.test(text)) throw new SettingError(`must be a whole number, got "${text}"`);
      const value = Number(text);
      if (value < bounds.min || value > bounds.max) {
        throw new SettingError(`must be between ${bounds.min} and ${bounds.max}, got ${text}`);
      }
      return value;
    },
    description,
  );
}

/** A number of bytes, plain or with a unit: `64MiB`, `500MB`, `1GiB`. */
export function bytes(fallback: number, description: Description): Setting<number> {
  const units: Record<string, number> = {
    '': 1,
    b: 1,
    kb: 1e3,
    mb: 1e6,
    gb: 1e9,
    kib: 2 ** 10,
    mib: 2 ** 20,
    gib: 2 ** 30,
  };
  return setting(
    fallback,
    (text) => {
      const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
      const unit = match ? units[(match[2] ?? '').toLowerCase()] : undefined;
      if (!match || unit === undefined)
        throw new SettingError(`must be a size such as 67108864 or 64MiB, got "${text}"`);
      const value = Math.round(Number(match[1]) * unit);
      if (value < 1024) throw new SettingError(`must be at least 1 KiB, got "${text}"`);
      return value;
    },
    description,
  );
}

export function boolean(fallback: boolean, description: Description): Setting<boolean> {
  return setting(
    fallback,
    (text) => {
      if (/^(true|1|yes|on)$/i.test(text)) return true;
      if (/^(false|0|no|off)$/i.test(text)) return false;
      throw new SettingError(`must be true or false, got "${text}"`);
    },
    description,
  );
}

/** Text that must pass `check`, which returns what is wrong or null. The value itself is never repeated in an error. */
export function text(
  fallback: string,
  description: Description,
  check?: (text: string) => string | null,
): Setting<string> {
  return setting(fallback, checked(check), description);
}

/** As `text`, but absent by default. */
export function optionalText(
  description: Description,
  check?: (text: string) => string | null,
): Setting<string | null> {
  return setting<string | null>(null, checked(check), description);
}

export function oneOf<T extends string>(values: readonly T[], fallback: T, description: Description): Setting<T> {
  return setting(
    fallback,
    (given) => {
      const found = values.find((value) => value === given.toLowerCase());
      if (!found) throw new SettingError(`must be one of ${values.join(', ')}, got "${given}"`);
      return found;
    },
    description,
  );
}

/** Comma-separated words, each checked. An empty value is the empty list. */
export function list(
  fallback: string[],
  description: Description,
  check?: (item: string) => string | null,
): Setting<string[]> {
  return setting(
    fallback,
    (given) => {
      const items = given
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
      const problem = items.map((item) => check?.(item)).find((found) => found);
      if (problem) throw new SettingError(problem);
      return items;
    },
    { shownDefault: fallback.join(',') || '–', ...description },
    true,
  );
}

function checked(check?: (text: string) => string | null): (text: string) => string {
  return (given) => {
    const problem = check?.(given);
    if (problem) throw new SettingError(problem);
    return given;
  };
}
