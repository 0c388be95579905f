import type { VariableInput } from './variable';
import { checkVariables } from './variable-rules';

const variable = (fields: Partial<VariableInput>): VariableInput => ({
  key: 'name',
  category: 'terraform',
  value: 'v',
  sensitive: false,
  hcl: false,
  ...fields,
});
const problems = (...fields: Partial<VariableInput>[]): string[] =>
  checkVariables(fields.map(variable), ['TF_TOKEN_plomada_example']).map(
    ({ field, message }) => `${field}: ${message}`,
  );

describe('a list of variables', () => {
  it('may hold the same key in both categories, and values of any text', () => {
    const value = 'a"\n${b}\t😀'.repeat(10);
    expect(problems({ value }, { category: 'env', value }, { key: 'a-b_1é' }, { key: '_x', value: '' })).toEqual([]);
    expect(problems({ key: 'TF_VAR_name', category: 'env' }, { key: '__proto__' })).toEqual([]);
    expect(problems({ key: 'k'.repeat(128), value: 'v'.repeat(65_536) }, { value: null, sensitive: true })).toEqual([]);
  });

  it.each<[Partial<VariableInput>, RegExp]>([
    [{ key: '' }, /^variables\.1\.key: must have 1 to 128/],
    [{ key: 'k'.repeat(129) }, /key: must have 1 to 128/],
    [{ key: '1a' }, /key: must be the name of an input variable/],
    [{ key: '-a' }, /key: must be the name/],
    [{ key: 'a b' }, /key: must be the name/],
    [{ key: 'a.b' }, /key: must be the name/],
    [{ key: 'a-b', category: 'env' }, /key: a name consists of/],
    [{ key: 'PATH', category: 'env' }, /key: PATH is refused: it changes how programs/],
    [{ key: 'TF_CLI_ARGS_plan', category: 'env' }, /key: TF_CLI_ARGS_plan is refused: the platform sets/],
    [{ key: 'TF_TOKEN_plomada_example', category: 'env' }, /is refused: .*token of its own registry/],
    [{ value: 'a\0b' }, /value: must not contain a NUL/],
    [{ value: 'a\ud800' }, /value: must be text/],
    [{ value: 'é'.repeat(32_769) }, /value: must not be larger than 64 KiB/],
    [{ category: 'env', hcl: true }, /hcl: is for variables of the category terraform/],
  ])('may not hold %j', (fields, message) => {
    expect(problems({ key: 'other' }, fields)).toEqual([expect.stringMatching(message)]);
  });

  it('may not hold a key twice in one category', () => {
    expect(problems({}, { category: 'env' }, {})).toEqual([
      'variables.2.key: name is there twice in the category terraform',
    ]);
  });
});
