import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually';
import { HclParser, type ParsedFile } from './hcl-parser';
import { PARSER_WORKER_SOURCE } from './parser-worker-source';

const VARIABLE = 'variable "a" {}';
const PARSED: ParsedFile = { body: { variable: { a: [{}] } } };
/** Takes the real parser minutes: its time grows with the square of the length. */
const ENDLESS = `a = "${'$'.repeat(1_000_000)}"`;
/** The real worker, made to break on demand: nothing is known that breaks it without a word. */
const FRAGILE = `require('node:worker_threads').parentPort.on('message', (content) => {
  if (content === 'exit') process.exit(3);
  if (content === 'throw') throw new Error('thrown in the worker');
  if (content === 'fill') { const all = []; for (;;) all.push(new Array(100_000).fill(all.length)); }
});
${PARSER_WORKER_SOURCE}`;

const parsers: HclParser[] = [];

function parserWith(options: ConstructorParameters<typeof HclParser>[0] = {}): HclParser {
  const parser = new HclParser({ moduleTimeoutMs: 50_000, fileTimeoutMs: 50_000, idleMs: 50_000, ...options });
  parsers.push(parser);
  return parser;
}

afterEach(async () => {
  await Promise.all(parsers.splice(0).map((parser) => parser.close()));
});

const parseOne = (parser: HclParser, content: string): Promise<ParsedFile> => parser.run((parse) => parse(content));

describe('a file that takes too long', () => {
  it('is a problem, and the next one of the module gets a fresh thread', async () => {
    const parser = parserWith({ fileTimeoutMs: 1_000 });
    const parsed = await parser.run(async (parse) => [await parse(ENDLESS), await parse(VARIABLE)]);
    expect(parsed).toEqual([{ problem: 'takes too long to be parsed' }, PARSED]);
  });
});

describe('a module that takes too long', () => {
  it('is given up, with the thread, and the next one gets a fresh one', async () => {
    const parser = parserWith({ moduleTimeoutMs: 1_500 });
    const slow = parseOne(parser, ENDLESS);
    const next = parser.run(async (parse) => {
      const parsed = await parse(VARIABLE);
      return { parsed, isRunning: parser.isRunning };
    });
    await expect(slow).rejects.toMatchObject({
      kind: 'unprocessable',
      code: 'module-too-complex',
      message: expect.stringContaining('longer than 1.5 s'),
    });
    expect(await next).toEqual({ parsed: PARSED, isRunning: true });
  });

  it('is given up where the parser is not what takes the time, and cannot use it afterwards', async () => {
    const parser = parserWith({ moduleTimeoutMs: 20 });
    let goOn: () => void = () => undefined;
    let late: Promise<ParsedFile> | undefined;
    const stuck = parser.run(async (parse) => {
      await new Promise<void>((resolve) => (goOn = resolve));
      late = parse(VARIABLE);
      return late;
    });
    await expect(stuck).rejects.toMatchObject({ code: 'module-too-complex' });
    goOn();
    await turn();
    await expect(late).rejects.toMatchObject({ code: 'module-too-complex' });
    expect(parser.isRunning).toBe(false);
  });
});

describe('a worker that dies', () => {
  it.each(['exit', 'throw', 'fill'])('by "%s" rejects its module; the next one gets a fresh one', async (how) => {
    const parser = parserWith({ workerSource: FRAGILE });
    expect(await parseOne(parser, VARIABLE)).toEqual(PARSED);
    const dying = parseOne(parser, how);
    const waiting = parseOne(parser, VARIABLE);
    await expect(dying).rejects.toMatchObject({
      kind: 'unprocessable',
      code: 'module-parser-crashed',
      cause: expect.anything(),
    });
    expect(await waiting).toEqual(PARSED);
  });

  it('while it starts rejects as well', async () => {
    const parser = parserWith({ workerSource: "throw new Error('cannot start');" });
    await expect(parseOne(parser, VARIABLE)).rejects.toMatchObject({ code: 'module-parser-crashed' });
    await expect(parseOne(parser, VARIABLE)).rejects.toMatchObject({ code: 'module-parser-crashed' });
  });
});

describe('one module at a time', () => {
  it('20 at once are worked on one after the other, in order, and a failing one harms no other', async () => {
    const parser = parserWith();
    let inside = 0;
    const order: number[] = [];
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        parser.run(async (parse) => {
          expect(++inside).toBe(1);
          order.push(i);
          const first = await parse(`a = ${i}`);
          const second = await parse(i % 5 === 4 ? 'a = [' : `b = ${i}`);
          inside--;
          if (i === 7) throw new Error('of the caller');
          return [first, second];
        }),
      ),
    );
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(results[7]).toEqual({ status: 'rejected', reason: new Error('of the caller') });
    for (const [i, result] of results.entries()) {
      if (i === 7) continue;
      const second = i % 5 === 4 ? { problem: expect.stringMatching(/^line 1: /) } : { body: { b: i } };
      expect(result).toEqual({ status: 'fulfilled', value: [{ body: { a: i } }, second] });
    }
  });
});

describe('the thread', () => {
  it('is not there before the first file', async () => {
    const parser = parserWith();
    expect(await parser.run(async () => 'nothing to parse')).toBe('nothing to parse');
    expect(parser.isRunning).toBe(false);
  });

  it('ends when it was idle for a while, and comes back when it is needed', async () => {
    const parser = parserWith({ idleMs: 50 });
    expect(await parseOne(parser, VARIABLE)).toEqual(PARSED);
    expect(parser.isRunning).toBe(true);
    await eventually('the idle thread ends', () => !parser.isRunning);
    expect(await parseOne(parser, VARIABLE)).toEqual(PARSED);
  });

  it('is replaced after a file that broke the parser, within one module', async () => {
    const parsed = await parserWith().run(async (parse) => [
      await parse(`a = ${'['.repeat(100_000)}`),
      await parse(VARIABLE),
    ]);
    expect(parsed).toEqual([{ problem: 'is nested too deeply to be parsed' }, PARSED]);
  });
});

describe('close', () => {
  it('rejects what is worked on, what waits and what comes, and ends the thread', async () => {
    const parser = parserWith();
    await parseOne(parser, VARIABLE);
    const started = new Promise<void>((resolve) => {
      void parser
        .run((parse) => {
          const parsing = parse(ENDLESS);
          resolve();
          return parsing;
        })
        .catch((error: unknown) => outcomes.push(error));
    });
    const outcomes: unknown[] = [];
    void parseOne(parser, VARIABLE).catch((error: unknown) => outcomes.push(error));
    await started;
    await parser.close();
    expect(parser.isRunning).toBe(false);
    const stopped = expect.objectContaining({ kind: 'unavailable', code: 'module-parser-stopped' });
    expect(outcomes).toEqual([stopped, stopped]);
    await expect(parseOne(parser, VARIABLE)).rejects.toEqual(stopped);
    await parser.close();
  });

  it('is nothing to a parser that was never used', async () => {
    const parser = parserWith();
    await parser.close();
    await expect(parseOne(parser, VARIABLE)).rejects.toMatchObject({ code: 'module-parser-stopped' });
  });
});
