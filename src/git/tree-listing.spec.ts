import { isRegularFile, parseTree, toTreeEntries } from './tree-listing';

const sha = '1'.repeat(40);
const OUTPUT = [
  `100644 blob ${sha}      12\tmodules/a\tb\n"c".tf`,
  `120000 blob ${sha}       5\tmodules/link`,
  `040000 tree ${sha}       -\tmodules/sub`,
  `160000 commit ${sha}       -\tmodules/vendored`,
  '',
].join('\0');

describe('tree listing', () => {
  const lines = parseTree(OUTPUT);

  it('shows files, links as files, and folders; submodules are left out', () => {
    expect(toTreeEntries(lines)).toEqual([
      { name: 'a\tb\n"c".tf', path: 'modules/a\tb\n"c".tf', type: 'file', size: 12 },
      { name: 'link', path: 'modules/link', type: 'file', size: 5 },
      { name: 'sub', path: 'modules/sub', type: 'dir', size: null },
    ]);
  });

  it('tells files with content of their own', () => {
    expect(lines.map(isRegularFile)).toEqual([true, false, false, false]);
  });

  it('notices an object that is missing', () => {
    expect(parseTree(`100644 blob ${sha}     BAD\ta.tf\0`)).toMatchObject([{ isMissing: true, size: null }]);
  });
});
