import { NameTree, type EntryKind } from './name-tree';

function claimAll(...entries: [string, EntryKind][]): boolean[] {
  const tree = new NameTree(100);
  return entries.map(([name, kind]) => tree.claim(name.split('/'), kind));
}

describe('name tree', () => {
  it('says when folders are still to be made', () => {
    expect(claimAll(['a/b/x', 'file'], ['a/b/y', 'file'], ['a/c/z', 'file'], ['top', 'file'])).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('a folder may be named after what is in it', () => {
    expect(claimAll(['a/x', 'file'], ['a', 'directory'])).toEqual([true, false]);
  });

  it.each<[string, [string, EntryKind][], string]>([
    [
      'the same file twice',
      [
        ['a', 'file'],
        ['a', 'file'],
      ],
      'is there twice',
    ],
    [
      'the same folder twice',
      [
        ['a', 'directory'],
        ['a', 'directory'],
      ],
      'is there twice',
    ],
    [
      'a file in place of a folder',
      [
        ['a/x', 'file'],
        ['a', 'file'],
      ],
      'is there twice',
    ],
    [
      'a link in place of a folder',
      [
        ['a/x', 'file'],
        ['a', 'link'],
      ],
      'is there twice',
    ],
    [
      'a file through a link',
      [
        ['a', 'link'],
        ['a/x', 'file'],
      ],
      'lies below a symbolic link',
    ],
    [
      'a file below a file',
      [
        ['a', 'file'],
        ['a/x', 'file'],
      ],
      'lies below an entry that is a file',
    ],
    [
      'case',
      [
        ['Main.tf', 'file'],
        ['main.tf', 'file'],
      ],
      'in case or Unicode form only',
    ],
    [
      'case of a folder',
      [
        ['A/x', 'file'],
        ['a/y', 'file'],
      ],
      'in case or Unicode form only',
    ],
    [
      'Unicode form',
      [
        ['\u00e9', 'file'],
        ['e\u0301', 'file'],
      ],
      'in case or Unicode form only',
    ],
    [
      'case and Unicode form',
      [
        ['\u00c9', 'file'],
        ['e\u0301', 'file'],
      ],
      'in case or Unicode form only',
    ],
    [
      'sharp s',
      [
        ['stra\u00dfe', 'file'],
        ['STRASSE', 'file'],
      ],
      'in case or Unicode form only',
    ],
  ])('refuses %s', (_what, entries, fault) => {
    expect(() => claimAll(...entries)).toThrow(fault);
  });

  it('counts folders that no entry names', () => {
    const tree = new NameTree(5);
    tree.claim(['a', 'b', 'c', 'd', 'x'], 'file');
    expect(() => tree.claim(['y'], 'file')).toThrow('more than 5 entries');
  });

  it('counts the top folder each time it is named', () => {
    const tree = new NameTree(2);
    tree.claim([], 'directory');
    tree.claim([], 'directory');
    expect(() => tree.claim([], 'directory')).toThrow('more than 2 entries');
  });
});
