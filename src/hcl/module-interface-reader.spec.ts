import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '../../test/support/eventually';
import type { ModuleInterface } from './module-interface';
import { ModuleInterfaceReader } from './module-interface-reader';

const root = mkdtempSync(join(tmpdir(), 'plomada-hcl-'));
const reader = new ModuleInterfaceReader();
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

const read = (files: Record<string, string | Buffer>): Promise<ModuleInterface> => reader.read(moduleOf(files));

/** The one input of a file with one variable. */
async function inputOf(argumentsOfIt: string): Promise<ModuleInterface['inputs'][number]> {
  const { inputs, problems } = await read({ 'main.tf': `variable "v" {\n${argumentsOfIt}\n}\n` });
  expect(problems).toEqual([]);
  expect(inputs).toHaveLength(1);
  return inputs[0] as ModuleInterface['inputs'][number];
}

const nothing: ModuleInterface = {
  inputs: [],
  outputs: [],
  required_providers: [],
  resources: [],
  submodules: [],
  required_core: [],
  problems: [],
};

describe('a whole module', () => {
  it('is read from all files of its root folder and from no others', async () => {
    const files = {
      'versions.tf': `terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5, < 7"
      configuration_aliases = [aws.east]
    }
  }
}`,
      'variables.tf': `variable "name" {
  type        = string
  description = "What it is called."
}
variable "labels" {
  type      = map(string)
  default   = { team = "core" }
  sensitive = true
}`,
      'outputs.tf': `output "id" {
  value       = aws_thing.this.id
  description = "Its id."
}
output "password" {
  value     = random_password.this.result
  sensitive = true
}`,
      'main.tf': `resource "aws_thing" "this" {}
resource "random_password" "this" {}
data "aws_region" "current" {}
ephemeral "vault_secret" "one" {}`,
      'more.tofu': 'resource "aws_thing" "another" {}',
      'generated.tf.json': '{"output": {"region": {"value": "x"}}}',
      'generated.tofu.json': '{"output": {"zone": {"value": "x"}}}',
      'modules/network/main.tf': 'variable "of_the_submodule" {}',
      'examples/simple/main.tf': 'variable "of_the_example" {}',
      'README.md': 'variable "of_the_readme" {}',
      'terraform.tfvars': 'name = "x"',
      '.hidden.tf': 'variable "hidden" {}',
      'main.tf~': 'variable "backup" {}',
      '#main.tf#': 'variable "autosave" {}',
    };
    expect(await read(files)).toEqual({
      inputs: [
        {
          name: 'labels',
          type: 'map(string)',
          description: null,
          default: { team: 'core' },
          required: false,
          sensitive: true,
        },
        {
          name: 'name',
          type: 'string',
          description: 'What it is called.',
          default: null,
          required: true,
          sensitive: false,
        },
      ],
      // generated.tofu.json hides generated.tf.json.
      outputs: [
        { name: 'id', description: 'Its id.', sensitive: false },
        { name: 'password', description: null, sensitive: true },
        { name: 'zone', description: null, sensitive: false },
      ],
      required_providers: [
        { name: 'aws', source: 'hashicorp/aws', version: '>= 5, < 7' },
        { name: 'random', source: null, version: null },
        { name: 'vault', source: null, version: null },
      ],
      resources: [
        { mode: 'data', type: 'aws_region', name: 'current' },
        { mode: 'ephemeral', type: 'vault_secret', name: 'one' },
        { mode: 'managed', type: 'aws_thing', name: 'another' },
        { mode: 'managed', type: 'aws_thing', name: 'this' },
        { mode: 'managed', type: 'random_password', name: 'this' },
      ],
      submodules: ['modules/network'],
      required_core: ['>= 1.5'],
      problems: [],
    });
  });

  it('may be empty, and needs no parser then', async () => {
    const fresh = new ModuleInterfaceReader();
    expect(await fresh.read(moduleOf({}))).toEqual(nothing);
    expect(await fresh.read(moduleOf({ 'main.tf.json': '{}' }))).toEqual(nothing);
    expect(fresh.isParserRunning).toBe(false);
    await fresh.close();
  });

  it('must be there', async () => {
    await expect(reader.read(join(root, 'nowhere'))).rejects.toThrow('ENOENT');
  });
});

describe('many callers', () => {
  it('20 at once each get the interface of their own module', async () => {
    const modules = Array.from({ length: 20 }, (_, i) =>
      read({ 'main.tf': `variable "v${i}" {}`, ...(i % 4 === 0 ? { 'bad.tf': `x = ${'['.repeat(20_000)}` } : {}) }),
    );
    for (const [i, { inputs, problems }] of (await Promise.all(modules)).entries()) {
      expect(inputs.map(({ name }) => name)).toEqual([`v${i}`]);
      expect(problems).toEqual(i % 4 === 0 ? ['bad.tf: is nested too deeply to be parsed'] : []);
    }
  });

  it('are all rejected when the reader is closed during the work, and so is who comes later', async () => {
    const closing = new ModuleInterfaceReader();
    const directory = moduleOf({ 'main.tf': `a = "${'$'.repeat(1_000_000)}"` });
    const reading = [closing.read(directory), closing.read(directory)];
    const settled = Promise.allSettled(reading);
    await eventually('the parser works', () => closing.isParserRunning);
    await closing.close();
    for (const result of [...(await settled), ...(await Promise.allSettled([closing.read(directory)]))]) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'module-parser-stopped' } });
    }
    expect(closing.isParserRunning).toBe(false);
  });
});

describe('types', () => {
  it.each([
    ['string', 'string'],
    ['"string"', 'string'],
    ['"${list(string)}"', 'list(string)'],
    ['any', 'any'],
    ['list(object({ a = string, b = optional(number, 1) }))', 'list(object({ a = string, b = optional(number, 1) }))'],
    ['object({\n    a = string # why\n  })', 'object({\n    a = string # why\n  })'],
  ])('%s', async (written, type) => {
    expect((await inputOf(`type = ${written}`)).type).toBe(type);
  });

  it('are null when there is none', async () => {
    expect((await inputOf('')).type).toBeNull();
  });
});

describe('defaults', () => {
  it.each([
    ['"text"', 'text'],
    ['""', ''],
    ['0', 0],
    ['-1.5', -1.5],
    ['false', false],
    ['null', null],
    ['[]', []],
    ['["a", 1, true, null, ["b"]]', ['a', 1, true, null, ['b']]],
    ['{ a = 1, "b-c" = { d = [] }, 5 = "x" }', { a: 1, 'b-c': { d: [] }, 5: 'x' }],
    ['{ a = { b = { c = "$${literal}" } } }', { a: { b: { c: '${literal}' } } }],
    ['tomap({})', 'tomap({})'],
    ['[local.a]', ['local.a']],
    ['"${local.a}"', 'local.a'],
    ['"a-${local.b}"', 'a-${local.b}'],
    ['"$${a} and 100%"', '${a} and 100%'],
    ['<<EOT\none\ntwo\nEOT', 'one\ntwo\n'],
    ['<<-EOT\n    one\n      two\n    EOT', 'one\n  two\n'],
  ])('%s', async (written, value) => {
    expect(await inputOf(`default = ${written}`)).toMatchObject({ default: value, required: false });
  });

  it('make a variable optional, null as well; without one it is required', async () => {
    expect(await inputOf('default = null')).toMatchObject({ default: null, required: false });
    expect(await inputOf('nullable = false')).toMatchObject({ default: null, required: true });
  });
});

describe('descriptions', () => {
  it.each([
    ['"Plain $${text}."', 'Plain ${text}.'],
    ['local.text', 'local.text'],
    ['"of ${var.x}"', 'of ${var.x}'],
    ['<<-EOT\n    One.\n    Two.\n  EOT', 'One.\nTwo.\n'],
    ['null', null],
  ])('%s', async (written, text) => {
    expect((await inputOf(`description = ${written}`)).description).toBe(text);
    const { outputs } = await read({ 'main.tf': `output "o" {\n value = 1\n description = ${written}\n}` });
    expect(outputs).toEqual([{ name: 'o', description: text, sensitive: false }]);
  });
});

describe('names', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a name like others', async (name) => {
    const hcl = `variable "${name}" { default = { ${name} = 1 } }
output "${name}" { value = 1 }
resource "${name}" "${name}" {}
terraform {
  required_providers {
    ${name} = "~> 1"
  }
}`;
    const json = JSON.stringify({ a: 1 }).replace('"a"', `"${name}"`);
    const modules: Record<string, string>[] = [
      { 'main.tf': hcl },
      {
        'main.tf.json': `{"variable": {"${name}": {"default": ${json}}}, "output": {"${name}": {"value": 1}},
          "resource": {"${name}": {"${name}": {}}}, "terraform": {"required_providers": {"${name}": "~> 1"}}}`,
      },
    ];
    for (const files of modules) {
      const result = await read(files);
      expect(result.problems).toEqual([]);
      expect(result.inputs.map((input) => [input.name, JSON.stringify(input.default)])).toEqual([[name, json]]);
      expect(result.outputs.map((output) => output.name)).toEqual([name]);
      expect(result.resources).toEqual([{ mode: 'managed', type: name, name }]);
      expect(result.required_providers).toContainEqual({ name, source: null, version: '~> 1' });
      expect(Object.keys(Object.prototype)).toEqual([]);
    }
  });

  it('are sorted by code units, whatever the files are called', async () => {
    const { inputs } = await read({
      'b.tf': 'variable "a" {}\nvariable "B" {}',
      'a.tf': 'variable "é" {}\nvariable "b" {}',
    });
    expect(inputs.map(({ name }) => name)).toEqual(['B', 'a', 'b', 'é']);
  });

  it('count once: the first declaration is taken', async () => {
    const { inputs, problems } = await read({
      'a.tf': 'variable "x" { type = string }',
      'b.tf': 'variable "x" { type = number }\nresource "a_b" "c" {}\nresource "a_b" "c" {}',
    });
    expect(inputs).toMatchObject([{ name: 'x', type: 'string' }]);
    expect(problems).toEqual([
      'b.tf: variable "x" is declared more than once; the first one counts',
      'b.tf: resource "c" is declared more than once; the first one counts',
    ]);
  });
});

describe('providers', () => {
  it('may be required the old way', async () => {
    const { required_providers } = await read({
      'main.tf': 'terraform {\n required_providers {\n aws = "~> 5"\n }\n}',
    });
    expect(required_providers).toEqual([{ name: 'aws', source: null, version: '~> 5' }]);
  });

  it('are implied by resources, data sources, checks and configurations, and not twice', async () => {
    const { required_providers, resources } = await read({
      'main.tf': `terraform {
  required_providers {
    google-beta = { source = "hashicorp/google-beta" }
  }
}
resource "google_x" "a" { provider = google-beta }
resource "aws_x" "a" { provider = other.east }
resource "aws_x" "b" { provider = "quoted.east" }
resource "plain" "a" {}
data "azurerm_x" "a" {}
provider "configured" {}
check "c" {
  data "http" "site" {}
}`,
    });
    expect(required_providers).toEqual([
      { name: 'azurerm', source: null, version: null },
      { name: 'configured', source: null, version: null },
      { name: 'google-beta', source: 'hashicorp/google-beta', version: null },
      { name: 'http', source: null, version: null },
      { name: 'other', source: null, version: null },
      { name: 'plain', source: null, version: null },
      { name: 'quoted', source: null, version: null },
    ]);
    expect(resources).toContainEqual({ mode: 'data', type: 'http', name: 'site' });
  });

  it('do not hold what is built in', async () => {
    const { required_providers, resources } = await read({
      'main.tf': `resource "terraform_data" "a" {}
data "terraform_remote_state" "b" {}
terraform {
  required_providers {
    builtin = { source = "terraform.io/builtin/terraform" }
  }
}`,
    });
    expect(required_providers).toEqual([]);
    expect(resources.map(({ type }) => type)).toEqual(['terraform_remote_state', 'terraform_data']);
  });
});

describe('override files', () => {
  it('change the arguments they give, whatever their names and kinds', async () => {
    const result = await read({
      'a_override.tf': 'variable "x" { default = 1 }\nvariable "y" { type = list(string) }',
      'b_override.tofu': 'variable "x" { default = 2 }',
      'override.tf.json': '{"variable": {"x": {"description": "last"}}, "output": {"o": {"sensitive": true}}}',
      'z.tf': `variable "x" {
  type        = number
  description = "first"
}
variable "y" { type = string }
output "o" {
  value       = 1
  description = "kept"
}
resource "aws_x" "r" { provider = aws }`,
      'c_override.tofu.json': '{"resource": {"aws_x": {"r": {"provider": "other.a"}}}}',
    });
    expect(result).toEqual({
      ...nothing,
      inputs: [
        { name: 'x', type: 'number', description: 'last', default: 2, required: false, sensitive: false },
        { name: 'y', type: 'list(string)', description: null, default: null, required: true, sensitive: false },
      ],
      outputs: [{ name: 'o', description: 'kept', sensitive: true }],
      required_providers: [{ name: 'other', source: null, version: null }],
      resources: [{ mode: 'managed', type: 'aws_x', name: 'r' }],
    });
  });

  it('replace single providers as a whole, and all constraints of the core', async () => {
    const { required_providers, required_core } = await read({
      'a.tf': 'terraform {\n required_version = ">= 1.1"\n}',
      'main.tf': `terraform {
  required_version = ">= 1.0"
  required_providers {
    aws  = { source = "corp/aws", version = "~> 5" }
    kept = "~> 1"
  }
}`,
      'main_override.tf': `terraform {
  required_version = ">= 1.9"
  required_providers {
    aws   = { version = "~> 6" }
    added = "~> 2"
  }
}`,
    });
    expect(required_core).toEqual(['>= 1.9']);
    expect(required_providers).toEqual([
      { name: 'added', source: null, version: '~> 2' },
      { name: 'aws', source: null, version: '~> 6' },
      { name: 'kept', source: null, version: '~> 1' },
    ]);
  });

  it('declare nothing of their own', async () => {
    const { inputs, problems } = await read({ 'override.tf': 'variable "x" {}' });
    expect(inputs).toEqual([]);
    expect(problems).toEqual(['override.tf: there is no variable "x" to override']);
  });

  it('are not those whose name only begins like it', async () => {
    const { inputs } = await read({ 'overrides.tf': 'variable "x" {}', 'override_me.tf': 'variable "y" {}' });
    expect(inputs).toHaveLength(2);
  });
});

describe('tofu files', () => {
  it('hide the tf file of the same name', async () => {
    const { inputs } = await read({
      'main.tf': 'variable "of_terraform" {}',
      'main.tofu': 'variable "of_tofu" {}',
      'main.tf.json': '{"variable": {"of_json": {}}}',
      'main_override.tf': 'variable "of_tofu" { default = 1 }',
      'main_override.tofu': 'variable "of_tofu" { default = 2 }',
    });
    expect(inputs.map(({ name, default: value }) => [name, value])).toEqual([
      ['of_json', null],
      ['of_tofu', 2],
    ]);
  });
});

describe('JSON files', () => {
  it('follow the same rules, with objects and arrays', async () => {
    const { inputs, outputs, required_providers, required_core, resources, problems } = await read({
      'main.tf.json': `\ufeff${JSON.stringify({
        '//': 'generated',
        terraform: [{ required_version: '>= 1', required_providers: [{ '//': 'x', aws: { source: 'corp/aws' } }] }],
        variable: [
          { a: { type: '${list(string)}', default: ['${x}'] } },
          { b: [{ type: 'string', description: '$${x}' }] },
        ],
        output: { '//': 'about', o: [{ value: '${var.a}', sensitive: true }] },
        resource: { aws_x: [{ r: { provider: 'aws.east' } }] },
        data: { aws_y: { d: {} } },
      })}`,
    });
    expect(inputs).toEqual([
      { name: 'a', type: 'list(string)', description: null, default: ['${x}'], required: false, sensitive: false },
      { name: 'b', type: 'string', description: '$${x}', default: null, required: true, sensitive: false },
    ]);
    expect(outputs).toEqual([{ name: 'o', description: null, sensitive: true }]);
    expect(required_providers).toEqual([{ name: 'aws', source: 'corp/aws', version: null }]);
    expect(required_core).toEqual(['>= 1']);
    expect(resources).toHaveLength(2);
    expect(problems).toEqual([]);
  });

  it('that are wrong are problems', async () => {
    const { inputs, problems } = await read({
      'a.tf.json': '{"variable": {"a": {}}',
      'b.tf.json': '"text"',
      'c.tf.json': '{"variable": {"a": {}}}',
      'd.tf.json': '{"variable": ["b"]}',
    });
    expect(inputs.map(({ name }) => name)).toEqual(['a']);
    expect(problems).toEqual([
      expect.stringMatching(/^a\.tf\.json: (line 1: )?is not valid JSON$/),
      'b.tf.json: does not hold an object',
      'd.tf.json: a block "variable" was left out: it does not have the labels such blocks have',
    ]);
  });
});

describe('submodules', () => {
  it('are folders under modules/ with configuration, groups of them, and those they bring', async () => {
    const directory = moduleOf({
      'modules/b/main.tofu': '',
      'modules/a/main.tf.json': '{}',
      'modules/a/examples/one/main.tf': '',
      'modules/a/modules/inner/main.tf': '',
      'modules/group/c/main.tf': '',
      'modules/docs/README.md': '',
      'modules/.hidden/main.tf': '',
      'elsewhere/main.tf': '',
    });
    mkdirSync(join(directory, 'modules/folder/main.tf'), { recursive: true });
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'modules/link'));
    const { submodules, problems } = await reader.read(directory);
    expect(submodules).toEqual(['modules/a', 'modules/a/modules/inner', 'modules/b', 'modules/group/c']);
    expect(problems).toEqual([]);
  });

  it('are not found through a link', async () => {
    const directory = moduleOf({ 'real/a/main.tf': '' });
    symlinkSync(join(directory, 'real'), join(directory, 'modules'));
    expect((await reader.read(directory)).submodules).toEqual([]);
  });
});
