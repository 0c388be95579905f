import { LiteralReader } from './literal-reader';

describe('expressions that need no evaluation', () => {
  const reader = new LiteralReader({ moduleTimeoutMs: 50_000, fileTimeoutMs: 50_000, idleMs: 50_000 });
  afterAll(() => reader.close());

  const one = async (text: string): Promise<unknown> => (await reader.read([text]))[0];

  it.each<[string, unknown]>([
    ['["a", "b",]', ['a', 'b']],
    ['{ a = 1, "b" : [true, null] }', { a: 1, b: [true, null] }],
    ['{\n  a = -1.5\n  # 12345678901234567890\n  b = "x" // y\n}\n', { a: -1.5, b: 'x' }],
    ['"$${a} %%{b} 100% $"', '${a} %{b} 100% $'],
    ['{ "$${k}" = "v" }', { '${k}': 'v' }],
    ['"12345678901234567890"', '12345678901234567890'],
    ['<<EOT\n12345678901234567890\nEOT\n', '12345678901234567890\n'],
    ['9007199254740991', 9007199254740991],
    ['1000000000000000000000', 1e21],
    ['0.000', 0],
    ['null', null],
  ])('%j is read', async (text, value) => {
    expect(await one(text)).toEqual({ json: JSON.stringify(value) });
  });

  it('of 64 KiB is read whole', async () => {
    expect(await one(`"${'x'.repeat(65_534)}"`)).toEqual({ json: JSON.stringify('x'.repeat(65_534)) });
  });

  it.each([
    'var.x',
    'name',
    'upper("a")',
    '[local.a]',
    '{ (a) = 1 }',
    '{ a = [{ b = c }] }',
    '1 + 2',
    '-(1)',
    '[for a in []: a]',
    'true ? 1 : 2',
    'upper("$${a}")',
  ])('%j needs evaluation', async (text) => {
    expect(await one(text)).toEqual({ problem: expect.stringMatching(/^needs evaluation/) });
  });

  it.each(['"${a}"', '"x${a}"', '"%{ if true }a%{ endif }"', '"$$${a}"', '"\\u0024{a}"', '"$\\U00000024{a}"'])(
    '%j holds a template',
    async (text) => {
      expect(await one(text)).toEqual({ problem: expect.stringMatching(/^holds a template/) });
    },
  );

  it.each(['12345678901234567890123', '[0.12345678901234567]', '1e400', '1e-400', '{a=9007199254740993}'])(
    '%j would not be kept exactly',
    async (text) => {
      expect(await one(text)).toEqual({ problem: expect.stringMatching(/^holds a number/) });
    },
  );

  it.each(['', '[1', '# nothing', '1\n}', '"a" "b"', '[1]\n}\nx "y" {'])('%j is no expression', async (text) => {
    expect(await one(text)).toEqual({ problem: expect.stringMatching(/^is no expression: line \d/) });
  });

  it.each(['1\nb = 2', '1\nb {}'])('%j is more than one', async (text) => {
    expect(await one(text)).toEqual({ problem: 'is more than one expression' });
  });

  it('nested too deeply is refused', async () => {
    expect(await one(`${'['.repeat(100)}${']'.repeat(100)}`)).toEqual({
      problem: expect.stringMatching(/^is nested deeper/),
    });
  });
});
