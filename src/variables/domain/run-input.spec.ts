import { runInputOf } from './run-input';
import type { OpenVariable } from './variable';

const variable = (fields: Partial<OpenVariable>): OpenVariable => ({
  key: 'name',
  category: 'terraform',
  value: 'v',
  parsed: null,
  sensitive: false,
  ...fields,
});

describe('what variables come to for a run', () => {
  it('is nothing at all without any', () => {
    expect(runInputOf([])).toEqual({ environment: {}, varFile: null, secrets: [] });
  });

  it('is one var-file and an environment', () => {
    const { environment, varFile } = runInputOf([
      variable({ key: 'text', value: '["a", "${b}"]' }),
      variable({ key: 'list', value: '[ "$${a}" ]', parsed: '["${a}"]' }),
      variable({ key: '__proto__', value: 'x' }),
      variable({ key: 'REGION', category: 'env', value: 'eu' }),
    ]);
    expect(environment).toEqual({ REGION: 'eu' });
    expect(varFile).toBe('{"text":"[\\"a\\", \\"${b}\\"]","list":["${a}"],"__proto__":"x"}');
  });

  it('hides sensitive ones of both categories, and the parts of expressions', () => {
    const { secrets } = runInputOf([
      variable({ key: 'a', value: 'terraform-secret', sensitive: true }),
      variable({ key: 'b', category: 'env', value: 'env-secret', sensitive: true }),
      variable({
        key: 'c',
        value: '{ x = "inner-secret", y = [1234567, "no"] }',
        sensitive: true,
        parsed: '{"x":"inner-secret","y":[1234567,"no",true,null]}',
      }),
      variable({ key: 'd', value: 'open' }),
      variable({ key: 'e', value: '', sensitive: true }),
    ]);
    expect(secrets.sort()).toEqual([
      '1234567',
      'env-secret',
      'inner-secret',
      'terraform-secret',
      '{ x = "inner-secret", y = [1234567, "no"] }',
    ]);
  });
});
