import { findReference, parseReferenceList, shortName, toReferences } from './reference-list';

const sha = (digit: string) => digit.repeat(40);
const OUTPUT = [
  'ref: refs/heads/main\tHEAD',
  `${sha('1')}\tHEAD`,
  `${sha('1')}\trefs/heads/main`,
  `${sha('2')}\trefs/heads/v1`,
  `${sha('3')}\trefs/pull/7/head`,
  `${sha('4')}\trefs/tags/v1`,
  `${sha('5')}\trefs/tags/v2`,
  `${sha('6')}\trefs/tags/v2^{}`,
  '',
].join('\n');

describe('reference list', () => {
  const list = parseReferenceList(OUTPUT);

  it('shows branches and peeled tags, nothing else', () => {
    expect(toReferences(list)).toEqual({
      default: 'main',
      branches: [
        { name: 'main', sha: sha('1') },
        { name: 'v1', sha: sha('2') },
      ],
      tags: [
        { name: 'v1', sha: sha('4') },
        { name: 'v2', sha: sha('6') },
      ],
    });
  });

  it.each([
    [null, 'refs/heads/main', sha('1')],
    ['HEAD', 'refs/heads/main', sha('1')],
    ['v1', 'refs/heads/v1', sha('2')],
    ['refs/tags/v1', 'refs/tags/v1', sha('4')],
    ['tags/v1', 'refs/tags/v1', sha('4')],
    ['v2', 'refs/tags/v2', sha('6')],
    ['refs/pull/7/head', 'refs/pull/7/head', sha('3')],
  ])('finds %s', (ref, name, expected) => {
    expect(findReference(list, ref)).toEqual({ name, sha: expected });
  });

  it.each(['nope', 'refs/heads/nope', 'mai', '7/head'])('does not find %s', (ref) => {
    expect(findReference(list, ref)).toBeNull();
  });

  it('knows an empty repository and a detached HEAD', () => {
    expect(toReferences(parseReferenceList(''))).toEqual({ default: null, branches: [], tags: [] });
    expect(findReference(parseReferenceList(''), null)).toBeNull();
    const detached = parseReferenceList(`${sha('1')}\tHEAD\n`);
    expect(toReferences(detached).default).toBeNull();
    expect(findReference(detached, null)).toEqual({ name: 'HEAD', sha: sha('1') });
  });
});

it('shortens names only at the beginning', () => {
  expect(['refs/heads/a/b', 'refs/tags/v1', 'refs/pull/1/head'].map(shortName)).toEqual([
    'a/b',
    'v1',
    'refs/pull/1/head',
  ]);
});
