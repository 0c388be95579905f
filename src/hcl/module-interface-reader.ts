import { type ConfigurationFile, ConfigurationFileTexts, listConfigurationFiles } from './configuration-files';
import { readDeclarations } from './declarations';
import { HclParser, type HclParserOptions, type ParsedFile, type ParseFile } from './hcl-parser';
import { interfaceOf } from './interface-of-declarations';
import { ModuleDeclarations } from './module-declarations';
import type { ModuleInterface } from './module-interface';
import { describeJsonError } from './parser-messages';
import { ProblemList } from './problem-list';
import { findSubmodules } from './submodules';

/**
 * Reads the interface of terraform and tofu modules from their files. No tool is run and nothing is evaluated, so files
 * of anybody may be read. Any number of calls may be under way: one module is read at a time. Keep one reader for the
 * whole process, since the parser needs more than 100 MB while it is there (it goes when nothing is to do).
 */
export class ModuleInterfaceReader {
  private readonly parser: HclParser;

  /** The defaults are meant for the server; `options` is for tests. */
  constructor(options: Partial<HclParserOptions> = {}) {
    this.parser = new HclParser(options);
  }

  /** Whether the parser is in memory. */
  get isParserRunning(): boolean {
    return this.parser.isRunning;
  }

  /**
   * Reads the module whose root is `directory` (a path of the host; it appears nowhere in the result). A file that
   * cannot be read is one of the `problems`.
   * @throws ModuleInterfaceError `module-too-complex` when it takes too long, `module-parser-crashed`,
   * `module-parser-stopped` after `close`. Rejects with the error of the file system when there is no such directory.
   */
  read(directory: string): Promise<ModuleInterface> {
    return this.parser.run((parse) => readModule(directory, parse));
  }

  /** Ends the parser. Calls that are under way or wait are rejected. */
  close(): Promise<void> {
    return this.parser.close();
  }
}

async function readModule(directory: string, parse: ParseFile): Promise<ModuleInterface> {
  const problems = new ProblemList();
  const declared = new ModuleDeclarations(problems);
  const texts = new ConfigurationFileTexts(directory, problems);
  for (const file of await listConfigurationFiles(directory, problems)) {
    const text = await texts.read(file.name);
    if (text === null) continue;
    const parsed = await parseFile(file, text, parse);
    if ('problem' in parsed) {
      problems.add(file.name, parsed.problem);
      continue;
    }
    const declarations = readDeclarations(parsed.body, file.syntax);
    if (declarations === null) problems.add(file.name, 'does not hold an object');
    else declared.add(file, declarations);
  }
  const submodules = await findSubmodules(directory, problems);
  return interfaceOf(declared, submodules, problems);
}

/** JSON needs no thread of its own: 1 MiB takes V8 a tenth of a second at most, however it is nested. */
async function parseFile(file: ConfigurationFile, text: string, parse: ParseFile): Promise<ParsedFile> {
  if (file.syntax === 'hcl') return parse(text);
  try {
    return { body: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: describeJsonError(error, text) };
  }
}
