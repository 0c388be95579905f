import { assertLinkTarget, parseEntryName } from './entry-name';

describe('entry name', () => {
  it.each([
    ['main.tf', ['main.tf']],
    ['./a//b/./c.tf', ['a', 'b', 'c.tf']],
    ['folder/', ['folder']],
    ['./', []],
    ['..a/b../...', ['..a', 'b..', '...']],
    [`${'d'.repeat(255)}/x`, ['d'.repeat(255), 'x']],
  ])('%s is accepted', (name, segments) => {
    expect(parseEntryName(name)).toEqual(segments);
  });

  it.each([
    ['/etc/passwd', 'has an absolute name'],
    ['C:/x', 'has an absolute name'],
    ['c:x', 'has an absolute name'],
    ['../x', 'has `..` in its name'],
    ['a/../../x', 'has `..` in its name'],
    ['a/..', 'has `..` in its name'],
    ['..\\x', 'has a backslash in its name'],
    ['a\\..\\..\\x', 'has a backslash in its name'],
    ['main.tf\u0000.png', 'has a control character in its name'],
    ['a\nb', 'has a control character in its name'],
    ['a\u007f', 'has a control character in its name'],
    ['a\u009b31m', 'has a control character in its name'],
    ['a\ufffd', 'has a name that is not UTF-8'],
    ['d'.repeat(256), 'has a part of more than 255 bytes in its name'],
    ['ä'.repeat(128), 'has a part of more than 255 bytes in its name'],
    ['d/'.repeat(2049), 'has more than 4096 bytes in its name'],
  ])('%j is refused', (name, fault) => {
    expect(() => parseEntryName(name)).toThrow(fault);
  });

  it('a name of 4096 bytes is accepted', () => {
    expect(parseEntryName('d/'.repeat(2048))).toHaveLength(2048);
  });

  it.each(['', '/etc/passwd', 'C:/x', 'a\\b', 'a\u0000b', 'x'.repeat(4097)])('a link to %j is refused', (target) => {
    expect(() => assertLinkTarget('link', target)).toThrow(/^The entry "link" is a symbolic link/);
  });

  it('a link that goes up is left for the resolver', () => {
    expect(() => assertLinkTarget('a/link', '../main.tf')).not.toThrow();
  });
});
