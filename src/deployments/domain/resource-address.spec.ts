import { InvalidFieldError } from '../../common/errors';
import { assertResourceAddress, type AddressUse } from './resource-address';

// The answers are those of the real tool (1.11.4), except for the last few.
const managed = [
  'aws_instance.web',
  'aws_instance.web[0]',
  'aws_instance.web["a b"]',
  'aws_instance.web["x\\"y"]',
  'aws_instance.web["\\u00e9"]',
  'aws_instance.web["$${x}"]',
  'aws_instance.web["costs 5$ or 5%"]',
  'aws_instance.web[""]',
  'aws_instance.web["]"]',
  'aws_instance.é',
  'aws_instance.my-name',
  '_type._name',
  'module.x.aws_instance.web',
  'module.x["a.b"].module.y[1].aws_instance.web["c"]',
];
const targetOnly = [
  'module.x',
  'module.x[0]',
  'module.x["k"].module.y',
  'data.aws_ami.x',
  'module.x.data.aws_ami.y[0]',
  'ephemeral.a.b',
];
const wrong = [
  ...[
    '',
    'a',
    'aws_instance',
    'aws_instance.',
    '.web',
    'aws_instance.web.id',
    'aws_instance.web["x"].id',
    'module',
    'module.',
  ],
  ...[
    'data.aws_ami',
    'aws_instance.1a',
    'aws_instance.-a',
    'aws_instance.a[-1]',
    'aws_instance.a[*]',
    'aws_instance.a[1.5]',
  ],
  ...[
    'aws_instance.a[',
    'aws_instance.a[]',
    'aws_instance.a[x]',
    "aws_instance.a['k']",
    'aws_instance.a["k]',
    'aws_instance.a["k"',
  ],
  ...['aws_instance.a["x${y}"]', 'aws_instance.a["%{if}"]', 'aws_instance.a["\\x"]', 'aws_instance.a["a\nb"]'],
  ...['-destroy', '--help', '-target=aws_instance.a', 'aws_instance.a aws_instance.b', 'aws_instance.a\0'],
  ...['module.x.', 'module.x.module', 'aws_instance.a;id', '$(id).x'],
  // The tool takes these.
  ...['aws_instance.a[ 0 ]', ' aws_instance.a', 'aws_instance.a\n', `aws_instance.${'a'.repeat(500)}`],
];

function isTaken(address: string, use: AddressUse): boolean {
  try {
    assertResourceAddress(address, 'targets', use);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidFieldError);
    return false;
  }
}

describe('assertResourceAddress', () => {
  it.each(managed)('takes %j for both', (address) => {
    expect([isTaken(address, 'target'), isTaken(address, 'replace')]).toEqual([true, true]);
  });

  it.each(targetOnly)('takes %j as a target only', (address) => {
    expect([isTaken(address, 'target'), isTaken(address, 'replace')]).toEqual([true, false]);
  });

  it.each(wrong)('refuses %j for both', (address) => {
    expect([isTaken(address, 'target'), isTaken(address, 'replace')]).toEqual([false, false]);
  });

  it('names the field', () => {
    expect(() => assertResourceAddress('-x', 'replace.0', 'replace')).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ field: 'replace.0' })] }),
    );
  });
});
