/** A JSON object as `JSON.parse` makes it. */
export type JsonObject = Record<string, unknown>;

/** The text given as a plan is not the JSON plan of terraform or tofu (`show -json`), or of a format nobody here knows. */
export class PlanFormatError extends Error {
  constructor(problem: string) {
    super(`The tool's JSON plan cannot be read: ${problem}.`);
    this.name = new.target.name;
  }
}

/** True for `{…}`, false for null, arrays and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Checks that this is a plan document and returns it as an object. Only a new major version may change the meaning of
 * what is there (the tool's own promise), so a minor one is accepted whatever it is.
 */
export function readPlanDocument(plan: unknown): JsonObject {
  if (!isJsonObject(plan)) throw new PlanFormatError('it is not a JSON object');
  const version = plan['format_version'];
  if (typeof version !== 'string') throw new PlanFormatError('it has no format_version');
  if (!/^[01]\./.test(version)) throw new PlanFormatError('its format_version is not supported');
  return plan;
}

/** Elements of an optional list of objects; absent and null are the empty list, as the tool leaves empty lists out. */
export function readObjects(parent: JsonObject, key: string): JsonObject[] {
  const list = parent[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new PlanFormatError(`${key} is not a list`);
  return list.map((entry: unknown) => {
    if (!isJsonObject(entry)) throw new PlanFormatError(`an entry of ${key} is not an object`);
    return entry;
  });
}
