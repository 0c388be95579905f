import { toRepositoryPath } from './repository-path';

it.each([
  ['', ''],
  ['.', ''],
  ['./modules//network/', 'modules/network'],
  ['a b/ü', 'a b/ü'],
  ['%2e%2e/x', '%2e%2e/x'],
  [':(top)x', ':(top)x'],
])('brings %j to its one form', (path, expected) => {
  expect(toRepositoryPath(path)).toBe(expected);
});

it.each(['/etc', '../../etc', 'a/../../..', '..', '-rf', '--output=PWNED', 'a\0b', 'a\nb', 'a'.repeat(4097)])(
  'refuses %j',
  (path) => {
    expect(() => toRepositoryPath(path)).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'git-path-invalid' }),
    );
  },
);
