import { assertStillListed, markOf, SourceChangedError, VersionDeletedError } from './listing';

const SOURCE = { gitUrl: 'https://git.example/a', tagPrefix: '', subdir: null, deletedVersions: ['1.0.0'] };

describe('assertStillListed', () => {
  const byItself = { mark: markOf(SOURCE), isByName: false };

  it.each([
    ['another repository', { gitUrl: 'https://git.example/b' }],
    ['none', { gitUrl: null }],
    ['another prefix', { tagPrefix: 'a-' }],
    ['another folder', { subdir: 'modules/a' }],
  ])('refuses what was listed from %s', (_what, change) => {
    expect(() => assertStillListed(byItself, { ...SOURCE, ...change }, '2.0.0')).toThrow(SourceChangedError);
  });

  it('refuses what is gone', () => {
    expect(() => assertStillListed(byItself, null, '2.0.0')).toThrow(SourceChangedError);
  });

  it('brings a deleted version back by name alone', () => {
    expect(() => assertStillListed(byItself, SOURCE, '2.0.0')).not.toThrow();
    expect(() => assertStillListed(byItself, SOURCE, '1.0.0')).toThrow(VersionDeletedError);
    expect(() => assertStillListed({ ...byItself, isByName: true }, SOURCE, '1.0.0')).not.toThrow();
  });

  it('takes a prefix for no part of the address', () => {
    expect(markOf({ gitUrl: 'a', tagPrefix: 'b' })).not.toBe(markOf({ gitUrl: 'ab', tagPrefix: '' }));
  });
});
