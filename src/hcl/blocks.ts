import type { Syntax } from './configuration-files';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Block {
  labels: string[];
  body: JsonObject;
}

export interface Blocks {
  blocks: Block[];
  /** Whether something was left out because it does not have the shape of such a block. */
  hasMisfits: boolean;
}

/** The content of a file: an object; in JSON syntax it may be an array of such. */
export function bodiesOfFile(content: unknown, syntax: Syntax): JsonObject[] | null {
  const values = syntax === 'json' && Array.isArray(content) ? (content as unknown[]) : [content];
  return values.every(isObject) ? values : null;
}

/** An argument of a body, if it has it. Names such as `constructor` are names like others. */
export function argument(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

/**
 * The blocks of one type in a body, in the order they are written in. What hcl2json makes of HCL has one shape: an
 * object for each label, then an array of bodies. In JSON syntax each of these may be an object or an array of objects,
 * and `//` is a comment (HCL JSON syntax specification, "Blocks").
 */
export function blocksOf(body: JsonObject, type: string, labelCount: number, syntax: Syntax): Blocks {
  const result: Blocks = { blocks: [], hasMisfits: false };
  if (Object.hasOwn(body, type)) collect(body[type], [], labelCount, syntax, result);
  return result;
}

function collect(value: unknown, labels: string[], missing: number, syntax: Syntax, result: Blocks): void {
  const isLabelOfHcl = syntax === 'hcl' && missing > 0;
  const isList = Array.isArray(value) && !isLabelOfHcl;
  for (const item of isList ? (value as unknown[]) : [value]) {
    if (!isObject(item) || (syntax === 'hcl' && missing === 0 && !isList)) result.hasMisfits = true;
    else if (missing === 0) result.blocks.push({ labels, body: item });
    else {
      for (const [label, inner] of Object.entries(item)) {
        if (syntax === 'json' && label === '//') continue;
        collect(inner, [...labels, label], missing - 1, syntax, result);
      }
    }
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
