import { toVersions } from './tag-versions';

const tags = (...names: string[]): { name: string; sha: string }[] =>
  names.map((name) => ({ name, sha: `sha of ${name}` }));

describe('toVersions', () => {
  it('takes SemVer tags with or without v, and says why it skips others', () => {
    const { versions, skipped } = toVersions(
      tags('v1.0.0', '1.1.0', 'latest', 'v1', 'v2.0.0-rc.1', 'V3.0.0', 'vv1.0.0'),
      '',
    );
    expect(versions).toEqual([
      { tag: '1.1.0', version: '1.1.0', sha: 'sha of 1.1.0' },
      { tag: 'v1.0.0', version: '1.0.0', sha: 'sha of v1.0.0' },
      { tag: 'v2.0.0-rc.1', version: '2.0.0-rc.1', sha: 'sha of v2.0.0-rc.1' },
    ]);
    expect(skipped.map(({ tag }) => tag)).toEqual(['V3.0.0', 'latest', 'v1', 'vv1.0.0']);
    expect(skipped[1]?.reason).toBe('is not a semantic version such as v1.2.3');
  });

  it('looks behind the prefix alone', () => {
    const { versions, skipped } = toVersions(
      tags('vpc/v1.0.0', 'vpc/2.0.0', 'v1.0.0', 'vpc/next', 'vpc2/v1.0.0'),
      'vpc/',
    );
    expect(versions.map(({ version }) => version)).toEqual(['2.0.0', '1.0.0']);
    expect(skipped).toEqual([
      { tag: 'v1.0.0', reason: 'does not begin with vpc/' },
      { tag: 'vpc/next', reason: 'is not a semantic version such as vpc/v1.2.3 (looked at after vpc/)' },
      { tag: 'vpc2/v1.0.0', reason: 'does not begin with vpc/' },
    ]);
  });

  it('takes one of two tags for one version', () => {
    const { versions, skipped } = toVersions(tags('v1.0.0', '1.0.0'), '');
    expect(versions).toEqual([{ tag: '1.0.0', version: '1.0.0', sha: 'sha of 1.0.0' }]);
    expect(skipped).toEqual([{ tag: 'v1.0.0', reason: 'stands for 1.0.0, as the tag 1.0.0 does' }]);
  });
});
