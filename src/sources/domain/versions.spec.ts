import { byVersionDescending, isVersion, latestVersion } from './versions';

describe('isVersion', () => {
  it.each(['0.0.0', '1.2.3', '10.20.30', '1.0.0-rc.1', '1.0.0+b1', '1.0.0-alpha.1+exp.sha.5114f85'])(
    'takes %s',
    (version) => expect(isVersion(version)).toBe(true),
  );

  it.each([
    '',
    'v1.0.0',
    '=1.0.0',
    '1.0',
    '1',
    '01.0.0',
    '1.0.00',
    '1.0.0-01',
    '1.0.0-',
    '1.0.0+',
    ' 1.0.0',
    '1.0.0\n',
    '1.0.0-ü',
    '1.x.0',
    '99999999999999999999.0.0',
    `1.0.0-${'a'.repeat(130)}`,
  ])('refuses %j', (version) => expect(isVersion(version)).toBe(false));
});

describe('the order of versions', () => {
  it('is that of SemVer, highest first', () => {
    const sorted = ['1.0.0-rc.1', '1.0.0', '1.10.0', '1.9.0', '1.0.0-rc.10', '1.0.0-rc.2', '0.9.9'];
    expect(sorted.map((version) => ({ version })).sort(byVersionDescending)).toEqual(
      ['1.10.0', '1.9.0', '1.0.0', '1.0.0-rc.10', '1.0.0-rc.2', '1.0.0-rc.1', '0.9.9'].map((version) => ({ version })),
    );
  });

  it.each([
    [[], null],
    [['1.0.0-rc.1'], '1.0.0-rc.1'],
    [['1.0.0', '2.0.0-beta'], '1.0.0'],
    [['1.9.0', '1.10.0'], '1.10.0'],
  ])('the latest of %j is %s', (versions, latest) => expect(latestVersion(versions)).toBe(latest));
});
