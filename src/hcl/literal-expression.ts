import { literalValue } from './literals';

/** The argument an expression is parsed as. */
export const ARGUMENT = 'platform_value';

const MAX_DEPTH = 64;
/** More digits than these do not survive as a number of JSON. */
const EXACT_DIGITS = 15;
const NEEDS_EVALUATION =
  'needs evaluation (references, functions, operators, parentheses): give a literal, such as ["a", "b"] or { a = 1 }';

/** Also takes what is written as a code of `$` or `%`, since after parsing nobody can tell it from the start of a template. */
const TEMPLATE_START = /([$%]+)\{|\\u002[45]|\\U0000002[45]/g;
/** Where digits are no numbers: strings, comments and heredocs. Strings hold no templates any more when this is used. */
const TEXT =
  /"(?:[^"\\\n]|\\.)*"|#.*|\/\/.*|\/\*[\s\S]*?\*\/|<<-?([\p{L}_][\p{L}\p{N}_-]*)\r?\n[\s\S]*?^[ \t]*\1[ \t]*$/gmu;
const NUMBER = /(?<![\p{L}\p{N}_.-])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gu;

/**
 * What keeps the text of an expression from being a plain value, as far as the text alone tells; null when nothing does.
 * The parser keeps neither the difference between a template and its escaped form in every spelling, nor long numbers.
 */
export function sourceProblem(text: string): string | null {
  for (const [, marks] of text.matchAll(TEMPLATE_START)) {
    if (marks?.length !== 2) return 'holds a template: write $${ or %%{ for a literal ${ or %{';
  }
  const numbers = text.replace(TEXT, ' ').matchAll(NUMBER);
  for (const [number] of numbers) {
    if (!isExact(number)) return 'holds a number that is too long to be kept exactly: give it as a string, in quotes';
  }
  return null;
}

/**
 * The value that the parser found, with its escapes taken away.
 * @param body of the text `platform_value = <expression>`
 */
export function literalOf(body: unknown): { value: unknown } | { problem: string } {
  const content = body as Record<string, unknown>;
  if (Object.keys(content).length !== 1) return { problem: 'is more than one expression' };
  const problem = valueProblem(content[ARGUMENT], 0);
  return problem === null ? { value: literalValue(content[ARGUMENT], 'hcl') } : { problem };
}

function valueProblem(value: unknown, depth: number): string | null {
  // What the parser leaves as an expression begins so; an escaped `$${` does not, and templates were refused.
  if (typeof value === 'string') return value.startsWith('${') ? NEEDS_EVALUATION : null;
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value) && key.startsWith('${')) return NEEDS_EVALUATION;
    const problem = valueProblem(item, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

function isExact(text: string): boolean {
  const value = Number(text);
  const digits = text
    .replace(/[eE].*$/, '')
    .replace('.', '')
    .replace(/^0+/, '');
  if (digits === '') return true;
  if (!Number.isFinite(value) || value === 0) return false;
  return digits.replace(/0+$/, '').length <= EXACT_DIGITS || (/^\d+$/.test(text) && Number.isSafeInteger(value));
}
