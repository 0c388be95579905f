import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ModuleInterface } from './module-interface';
import { ModuleInterfaceReader } from './module-interface-reader';

const MIB = 1024 * 1024;
const root = mkdtempSync(join(tmpdir(), 'plomada-hcl-'));
// The machine may be busy: what is shown here is that each ends well, not how fast.
const reader = new ModuleInterfaceReader({ moduleTimeoutMs: 50_000, fileTimeoutMs: 50_000 });
/** Which of the two limits is met first depends on how far V8 has optimized the parser. */
const TOO_DEEP = /^bad\.tf: (is nested too deeply|needs too much memory) to be parsed$/;
let count = 0;

afterAll(async () => {
  await reader.close();
  rmSync(root, { recursive: true });
});

function moduleOf(files: Record<string, string | Buffer>): string {
  const directory = join(root, `module-${count++}`);
  mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

/** Reads a module with this file, and makes sure that the files after it are read all the same. */
async function readWithNeighbour(content: string | Buffer, name = 'bad.tf'): Promise<ModuleInterface> {
  const result = await reader.read(moduleOf({ [name]: content, 'next.tf': 'variable "next" {}' }));
  expect(result.inputs.at(-1)).toMatchObject({ name: 'next' });
  return result;
}

describe('a file that cannot be parsed is a problem of its own', () => {
  it.each<[what: string, content: string | Buffer, problem: RegExp]>([
    ['a syntax error', 'variable "a" {\n  type = \n}\n', /^bad\.tf: line 2: Invalid expression; /],
    ['several errors', 'variable "a" {\n}\nx = )\ny = ]\n', /^bad\.tf: line 3: Invalid expression; (?!.*bad\.tf)/],
    [
      'an unterminated heredoc',
      'variable "a" {\n  default = <<EOT\n abc\n',
      /^bad\.tf: line \d: Unterminated template/,
    ],
    ['an unclosed block', 'variable "a" {\n', /^bad\.tf: line 1: Unclosed configuration block/],
    ['an unclosed string', 'a = "\n', /^bad\.tf: line 1: /],
    ['text that is no HCL', 'x'.repeat(1_000_000), /^bad\.tf: line 1: Argument or block definition required/],
    ['invalid UTF-8', Buffer.from([0x61, 0x20, 0x3d, 0x20, 0x22, 0xff, 0xfe, 0x22]), /^bad\.tf: is not valid UTF-8$/],
    [
      'binary garbage',
      Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251)),
      /^bad\.tf: is not valid/,
    ],
    ['control characters', '\0\x01\x02\x1b[31m', /^bad\.tf: line 1: Invalid character/],
    ['blocks with and without labels', 'variable "a" {}\nvariable {}', /^bad\.tf: invalid HCL detected for "variable"/],
    ['a block without its label', 'variable { default = { a = 1 } }', /^bad\.tf: a block "variable" was left out/],
    ['deep brackets', `a = ${'['.repeat(MIB - 10)}`, TOO_DEEP],
    ['deep brackets, closed', `a = ${'['.repeat(500_000)}${']'.repeat(500_000)}`, TOO_DEEP],
    ['deep objects', `a = ${'{a='.repeat(20_000)}1${'}'.repeat(20_000)}`, TOO_DEEP],
    ['deep templates', `a = ${'"${'.repeat(20_000)}`, TOO_DEEP],
    ['deep blocks', 'a {\n'.repeat(20_000), TOO_DEEP],
    ['deep negation', `a = ${'!'.repeat(1_000_000)}true`, TOO_DEEP],
    ['many labels', `a ${'b '.repeat(20_000)} {}`, TOO_DEEP],
  ])('%s', async (_what, content, problem) => {
    const { inputs, problems } = await readWithNeighbour(content);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(inputs).toHaveLength(1);
  });

  it('a line of 1 MB', async () => {
    const { inputs, problems } = await readWithNeighbour(`variable "a" { default = "${'x'.repeat(1_000_000)}" }`);
    expect(problems).toEqual([]);
    expect(inputs[0]?.default).toBe(`${'x'.repeat(65_536)}…`);
  });

  it('deep JSON', async () => {
    const deep = `{"variable": {"a": {"type": ${'['.repeat(400_000)}${']'.repeat(400_000)}}}}`;
    const { inputs, problems } = await readWithNeighbour(deep, 'bad.tf.json');
    expect(problems).toEqual([]);
    expect(inputs[0]).toMatchObject({ name: 'a', type: `${'['.repeat(100)}"…"${']'.repeat(100)}` });
  });

  it.each([
    ['a large unterminated heredoc', `a = <<EOT\n${'text\n'.repeat(200_000)}`],
    ['many dollar signs', `a = "${'$'.repeat(1_000_000)}"`],
  ])('what the parser would need minutes for: %s', async (_what, content) => {
    const hasty = new ModuleInterfaceReader({ moduleTimeoutMs: 50_000, fileTimeoutMs: 1_000 });
    const { inputs, problems } = await hasty.read(moduleOf({ 'bad.tf': content, 'next.tf': 'variable "next" {}' }));
    expect(problems).toEqual(['bad.tf: takes too long to be parsed']);
    expect(inputs).toHaveLength(1);
    await hasty.close();
  });

  it('a file the parser needs too much memory for', async () => {
    const small = new ModuleInterfaceReader({ moduleTimeoutMs: 50_000, maxMemoryBytes: 64 * MIB });
    const list = `variable "a" { default = [${'"abc",'.repeat(100_000)}] }`;
    const directory = moduleOf({ 'bad.tf': list, 'next.tf': 'variable "next" {}' });
    const { inputs, problems } = await small.read(directory);
    expect(problems).toEqual(['bad.tf: needs too much memory to be parsed']);
    expect(inputs).toHaveLength(1);
    await small.close();
  });
});

describe('limits', () => {
  it('a file over 1 MiB is not read, one of 1 MiB is', async () => {
    const { inputs, problems } = await reader.read(
      moduleOf({
        'a.tf': `variable "a" {}\n${'#'.repeat(MIB - 16)}`,
        'b.tf': `variable "b" {}\n${'#'.repeat(MIB - 15)}`,
      }),
    );
    expect(inputs.map(({ name }) => name)).toEqual(['a']);
    expect(problems).toEqual(['b.tf: not read: it is larger than 1 MiB']);
  });

  it('8 MiB together are read, and a small file that still fits', async () => {
    const files: Record<string, string> = {};
    for (let i = 0; i < 9; i++) files[`${i}.tf.json`] = `{"variable": {"v${i}": {}}}${' '.repeat(1_000_000)}`;
    files['9.tf.json'] = '{"variable": {"v9": {}}}';
    const { inputs, problems } = await reader.read(moduleOf(files));
    expect(inputs.map(({ name }) => name)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v9']);
    expect(problems).toEqual(['8.tf.json: not read: the files together are larger than 8 MiB']);
  });

  it('500 files are read', async () => {
    const files: Record<string, string> = {};
    for (let i = 1000; i < 1502; i++) files[`${i}.tf.json`] = `{"output": {"o${i}": {"value": 1}}}`;
    const { outputs, problems } = await reader.read(moduleOf(files));
    expect(outputs).toHaveLength(500);
    expect(problems).toEqual(['1500.tf.json: not read, like all after it: only 500 of 502 files are read']);
  });

  it('5000 entries of a kind are listed, and 200 problems', async () => {
    const outputs = Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`o${i}`, { value: 1 }]));
    const all = { 'a.tf.json': JSON.stringify({ output: outputs }), 'b.tf.json': JSON.stringify({ output: outputs }) };
    const result = await reader.read(moduleOf(all));
    expect(result.outputs).toHaveLength(5000);
    expect(result.problems).toHaveLength(201);
    expect(result.problems.at(-1)).toBe('… and 5801 more problems');
  });

  it('names are cut like all strings', async () => {
    const name = 'n'.repeat(100_000);
    const { inputs, resources, required_providers } = await reader.read(
      moduleOf({ 'main.tf': `variable "${name}" {}\nresource "${name}" "${name}" {}` }),
    );
    for (const text of [inputs[0]?.name, resources[0]?.type, resources[0]?.name, required_providers[0]?.name]) {
      expect(text).toHaveLength(65_537);
    }
  });

  it('1000 folders under modules/ are looked at', async () => {
    const directory = moduleOf({});
    for (let i = 1000; i < 2100; i++) mkdirSync(join(directory, `modules/${i}`), { recursive: true });
    const { problems } = await reader.read(directory);
    expect(problems).toEqual(['modules/1999: not looked at, as there are more than 1000 folders under modules/']);
  });
});

describe('what is no regular file', () => {
  it('is a problem, and neither followed nor waited for', async () => {
    const directory = moduleOf({ 'main.tf': 'variable "a" {}' });
    const outside = moduleOf({ 'secret.tf': 'variable "secret" {}' });
    symlinkSync(join(outside, 'secret.tf'), join(directory, 'link.tf'));
    symlinkSync(join(outside, 'nowhere.tf'), join(directory, 'dangling.tf'));
    // A link hides no file: the tools of terraform and tofu would disagree about it, so the file that can be read is.
    symlinkSync(join(outside, 'secret.tf'), join(directory, 'main.tofu'));
    execFileSync('mkfifo', [join(directory, 'pipe.tf')]);
    mkdirSync(join(directory, 'folder.tf'));
    const { inputs, problems } = await reader.read(directory);
    expect(inputs.map(({ name }) => name)).toEqual(['a']);
    expect(problems.sort()).toEqual(
      ['dangling.tf', 'link.tf', 'main.tofu', 'pipe.tf'].map(
        (name) => `${name}: is not a regular file; links are not followed`,
      ),
    );
  });
});
