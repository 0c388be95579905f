import { PARSED_FILE_NAME } from './parser-worker-source';

const NAME = PARSED_FILE_NAME.replace('.', '\\.');
/** The first of the list of diagnostics; `3,5-6` and `3,5-4,1` are ranges of lines and columns. */
const DIAGNOSTIC = new RegExp(
  `^parse config: \\[${NAME}:(\\d+),[\\d,-]+: (.*?)(?: ${NAME}:\\d+,[\\d,-]+: .*)?\\]$`,
  's',
);
/** The converter prefixes its message with every function it was in. */
const CONVERTER = /^convert to HCL: (?:convert \w+: )*/;

/** Makes `line 3: …` of a message of hcl2json, which tells of all places at once: of these, the first. */
export function describeParserError(message: string): string {
  const match = DIAGNOSTIC.exec(message);
  if (match) return `line ${match[1]}: ${match[2]}`;
  return message.replace(CONVERTER, '');
}

/** Says where JSON is wrong, as far as V8 tells. Its messages quote the file, so they are not passed on. */
export function describeJsonError(error: unknown, text: string): string {
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  if (position === undefined) return 'is not valid JSON';
  return `line ${text.slice(0, Number(position)).split('\n').length}: is not valid JSON`;
}
