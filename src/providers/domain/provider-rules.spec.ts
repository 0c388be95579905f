import { PROTOCOL, PROVIDER_NAME } from './provider-rules';

describe('names of providers', () => {
  it.each(['a', 'aws', 'my-cloud', '1password', 'a1', 'a'.repeat(64)])('%s is one', (name) =>
    expect(PROVIDER_NAME.test(name)).toBe(true),
  );
  it.each([
    '',
    'A',
    'my_cloud',
    '-a',
    'a-',
    'a--b',
    'terraform-aws',
    'terraform-provider-aws',
    'a.b',
    'é',
    'a'.repeat(65),
    'a\n',
  ])('%j is none', (name) => expect(PROVIDER_NAME.test(name)).toBe(false));
});

it.each<[string, boolean]>([
  ['5', true],
  ['5.0', true],
  ['6.0', true],
  ['6.10', true],
  ['4.0', false],
  ['7.0', false],
  ['', false],
  ['5.', false],
  ['v5.0', false],
])('protocol %j: %s', (protocol, expected) => expect(PROTOCOL.test(protocol)).toBe(expected));
