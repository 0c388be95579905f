import { HclParser, type HclParserOptions, type ParseFile } from './hcl-parser';
import { ARGUMENT, literalOf, sourceProblem } from './literal-expression';

/** The value of an expression as JSON, or what is wrong with it, as a clause such as `needs evaluation …`. */
export type ReadLiteral = { json: string } | { problem: string };

/**
 * Reads expressions that need no evaluation: strings, numbers, `true`, `false`, `null`, and lists and objects of them.
 * Keep one reader for the whole process, as with `ModuleInterfaceReader`.
 */
export class LiteralReader {
  private readonly parser: HclParser;

  /** The defaults are meant for the server; `options` is for tests. */
  constructor(options: Partial<HclParserOptions> = {}) {
    this.parser = new HclParser(options);
  }

  /**
   * The values of these expressions, in their order.
   * @throws ModuleInterfaceError when all of them together take too long, when the parser dies, and after `close`
   */
  read(texts: readonly string[]): Promise<ReadLiteral[]> {
    return this.parser.run(async (parse) => {
      const read: ReadLiteral[] = [];
      for (const text of texts) read.push(await readOne(text, parse));
      return read;
    });
  }

  /** Ends the parser. Calls that are under way or wait are rejected. */
  close(): Promise<void> {
    return this.parser.close();
  }
}

async function readOne(text: string, parse: ParseFile): Promise<ReadLiteral> {
  const problem = sourceProblem(text);
  if (problem !== null) return { problem };
  const parsed = await parse(`${ARGUMENT} = ${text}\n`);
  if ('problem' in parsed) return { problem: `is no expression: ${parsed.problem}` };
  const literal = literalOf(parsed.body);
  return 'problem' in literal ? literal : { json: JSON.stringify(literal.value) };
}
