import { assertGitRef, isAbbreviatedSha, isCommitSha } from './ref-name';

describe('assertGitRef', () => {
  it.each([
    'main',
    'feature/a-b_c.d',
    'v1.0.0+build',
    'refs/heads/main',
    'релиз',
    'a@b',
    'tag',
    'HEAD',
    '$(id)',
    ';id',
    'a'.repeat(255),
    '0123456789abcdef0123456789abcdef01234567',
  ])('accepts %s', (ref) => {
    expect(() => assertGitRef(ref)).not.toThrow();
  });

  it.each([
    '',
    'a'.repeat(256),
    '--upload-pack=touch PWNED',
    '-rf',
    'a b',
    'a..b',
    'a~1',
    'a^{tree}',
    'main:main',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '@',
    'a@{1}',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.',
    'a.lock',
    'a.lock/b',
    'a\nb',
    'a\0b',
    'a\u007fb',
    'a\u009bb',
  ])('refuses %j', (ref) => {
    expect(() => assertGitRef(ref)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'git-ref-invalid' }));
  });
});

it.each([
  ['0123456789abcdef0123456789abcdef01234567', true, false],
  ['0123456789ABCDEF0123456789ABCDEF01234567', true, false],
  ['0123456', false, true],
  ['012345', false, false],
  ['0123456789abcdef0123456789abcdef0123456', false, true],
  ['012345g', false, false],
])('tells what %s may be', (ref, isFull, isAbbreviated) => {
  expect([isCommitSha(ref), isAbbreviatedSha(ref)]).toEqual([isFull, isAbbreviated]);
});
