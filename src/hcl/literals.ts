import type { Syntax } from './configuration-files';
import { cut } from './cut';

/** Deeper values are of no use to a reader, and break programs that walk them. */
const MAX_DEPTH = 100;

/**
 * What a value of the parser means. In HCL syntax the parser gives an expression as `${…}`, which becomes its bare text,
 * and a literal string with its escapes (`$${`), which become what they stand for. In JSON syntax the places read here
 * take no expressions: strings are what they are. Long strings and deep values are cut.
 */
export function literalValue(value: unknown, syntax: Syntax, depth = 0): unknown {
  if (typeof value === 'string') return cut(syntax === 'hcl' ? sourceText(value) : value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.map((item) => literalValue(item, syntax, depth + 1));
  // `fromEntries` defines properties, so that a key `__proto__` is a key like others.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      literalValue(key, syntax) as string,
      literalValue(item, syntax, depth + 1),
    ]),
  );
}

/** The same for a place that takes a text: null stays null, what is no string becomes its JSON. */
export function literalText(value: unknown, syntax: Syntax): string | null {
  const literal = literalValue(value, syntax);
  if (literal === null || literal === undefined || typeof literal === 'string') return literal ?? null;
  return cut(JSON.stringify(literal));
}

/** A type as people write it. Generators write `${list(string)}` in JSON too. */
export function typeText(value: unknown): string | null {
  return literalText(value, 'hcl')?.replaceAll('\r\n', '\n') ?? null;
}

/** Whether an argument says yes. An expression may, so it counts: better hidden for nothing than shown. */
export function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value !== 'false' && value !== '');
}

function sourceText(text: string): string {
  if (isOneExpression(text)) return text.slice(2, -1);
  const hasTemplate = /(?<!\$)\$\{|(?<!%)%\{/.test(text);
  return hasTemplate ? text : text.replaceAll('$${', '${').replaceAll('%%{', '%{');
}

/** Whether the text is `${…}` as a whole, and not `${a}-${b}`. Braces in strings make it "no" at worst. */
function isOneExpression(text: string): boolean {
  if (!text.startsWith('${') || !text.endsWith('}')) return false;
  let open = 0;
  for (let index = 1; index < text.length; index++) {
    if (text[index] === '{') open++;
    else if (text[index] === '}' && --open === 0) return index === text.length - 1;
  }
  return false;
}
