import { failureSummary, type KnownVersion, movesOf } from './sync-result';

const known = (fields: Partial<KnownVersion>): Map<string, KnownVersion> => {
  const version = { id: 'i', version: '1.0.0', gitTag: 'v1.0.0', commitSha: 'a', tagMoved: false, ...fields };
  return new Map([[version.version, version]]);
};
const tag = (sha: string) => [{ tag: 'v1.0.0', version: '1.0.0', sha }];

describe('movesOf', () => {
  it('tells a tag that names another commit, and stays silent about one that does not', () => {
    const moved = movesOf(tag('b'), known({}));
    expect(moved.changes).toEqual([{ versionId: 'i', tagMoved: true }]);
    expect(moved.moved).toEqual([{ tag: 'v1.0.0', version: '1.0.0', published: 'a', now: 'b' }]);
    expect(movesOf(tag('a'), known({}))).toEqual({ changes: [], moved: [], skipped: [] });
  });

  it('changes nothing twice, and takes back what is over', () => {
    expect(movesOf(tag('b'), known({ tagMoved: true })).changes).toEqual([]);
    expect(movesOf(tag('a'), known({ tagMoved: true })).changes).toEqual([{ versionId: 'i', tagMoved: false }]);
  });

  it('leaves uploads and new versions alone', () => {
    const uploaded = movesOf(tag('b'), known({ gitTag: null, commitSha: null }));
    expect(uploaded.changes).toEqual([]);
    expect(uploaded.skipped[0]?.reason).toContain('was uploaded');
    expect(movesOf(tag('b'), new Map())).toEqual({ changes: [], moved: [], skipped: [] });
  });
});

it('a summary names the first five failures and counts the others', () => {
  const failures = Array.from({ length: 7 }, (_none, place) => ({ tag: `t${place}`, reason: 'no' }));
  expect(failureSummary([])).toBeNull();
  expect(failureSummary(failures.slice(0, 1))).toBe('t0: no');
  expect(failureSummary(failures)?.split('\n')).toEqual([
    't0: no',
    't1: no',
    't2: no',
    't3: no',
    't4: no',
    'and 2 more',
  ]);
});
