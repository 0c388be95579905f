import { AddressPattern } from './address-pattern';

describe('a pattern of addresses', () => {
  it.each([
    ['terraform_data.a', 'terraform_data.a'],
    ['*', 'anything.at["all"]'],
    ['*', ''],
    ['aws_iam_*', 'aws_iam_role.admin'],
    ['*aws_iam_*', 'module.m["x"].aws_iam_role.admin'],
    ['module.network[*].*', 'module.network["eu"].aws_subnet.private[0]'],
    ['*.main', 'aws_vpc.main'],
    ['a*b*c', 'a1b2b3c'],
    ['a*a', 'aa'],
    ['a**b', 'ab'],
    ['x[0]', 'x[0]'],
  ])('%s fits %s', (pattern, address) => expect(new AddressPattern(pattern).matches(address)).toBe(true));

  it.each([
    ['terraform_data.a', 'terraform_data.ab'],
    ['terraform_data.a', 'terraform_data_a'],
    ['aws_iam_*', 'module.m.aws_iam_role.admin'],
    ['a*a', 'a'],
    ['a*b*c', 'acb'],
    ['*.main', 'aws_vpc.main2'],
    ['x[0]', 'x0'],
    ['', 'a'],
    ['A', 'a'],
  ])('%s does not fit %s', (pattern, address) => expect(new AddressPattern(pattern).matches(address)).toBe(false));

  it('takes a time that grows with the length, not with the number of ways to match', () => {
    const address = 'a'.repeat(512);
    expect(new AddressPattern(`${'a*'.repeat(250)}b`).matches(address)).toBe(false);
  });
});
