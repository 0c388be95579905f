import { InvalidFieldError } from '../errors';
import { assertTfvarsFile, isInside, normalizeRepositoryPath } from './repository-path';

const hostile = [
  ...['/', '/etc', '//x', '..', '../x', 'a/../..', 'a/../../b', './..', 'a//../../', '-rf', '--upload-pack=x'],
  ...[
    'a\\b',
    '..\\x',
    'a\0b',
    'a\nb',
    'a\x7fb',
    'a\u0085b',
    'a\ud800b',
    '.git',
    'a/.git/hooks',
    '.GIT',
    'a/.Git',
    'a/.git/..',
  ],
  'a'.repeat(1025),
];

describe('normalizeRepositoryPath', () => {
  it.each([
    ['', '.'],
    ['.', '.'],
    ['./', '.'],
    ['a', 'a'],
    ['a/b', 'a/b'],
    ['./a/./b/', 'a/b'],
    ['a//b///', 'a/b'],
    ['a/../b', 'b'],
    ['a/..', '.'],
    ['a/b/../../c', 'c'],
    ['...', '...'],
    ['..a/b..', '..a/b..'],
    ['.github/.gitignore', '.github/.gitignore'],
    ['a b/ü', 'a b/ü'],
    ['%2e%2e/etc', '%2e%2e/etc'],
    ['$(id);id', '$(id);id'],
    ['a/-b', 'a/-b'],
    ['a'.repeat(1024), 'a'.repeat(1024)],
  ])('%j is %j', (path, expected) => {
    expect(normalizeRepositoryPath(path, 'path')).toBe(expected);
    expect(normalizeRepositoryPath(expected, 'path')).toBe(expected);
  });

  it.each(hostile)('refuses %j', (path) => {
    expect(() => normalizeRepositoryPath(path, 'path')).toThrow(InvalidFieldError);
  });

  it('names the field and not the path', () => {
    try {
      normalizeRepositoryPath('/etc/passwd', 'working_directory');
      throw new Error('not refused');
    } catch (error) {
      expect(error).toMatchObject({
        kind: 'invalid',
        fields: [{ field: 'working_directory', message: 'The path must be relative to the repository.' }],
      });
    }
  });
});

describe('isInside', () => {
  it.each([
    ['a', '.', true],
    ['.', '.', true],
    ['.', 'a', false],
    ['a', 'a', true],
    ['a/b', 'a', true],
    ['ab', 'a', false],
    ['a', 'a/b', false],
  ])('%s in %s: %s', (path, folder, expected) => {
    expect(isInside(path, folder)).toBe(expected);
  });
});

describe('assertTfvarsFile', () => {
  it.each([
    ['prod.tfvars', '.', 'prod.tfvars'],
    ['prod.tfvars.json', 'env', 'env/prod.tfvars.json'],
    ['../common.tfvars', 'env/prod', 'env/common.tfvars'],
    ['../../common.tfvars', 'env/prod', 'common.tfvars'],
    ['./vars//a.auto.tfvars', 'env', 'env/vars/a.auto.tfvars'],
  ])('%s in %s is %s', (path, base, expected) => {
    expect(assertTfvarsFile(path, base, 'tfvars_files')).toBe(expected);
  });

  it.each([
    ['../common.tfvars', '.'],
    ['../../../common.tfvars', 'env/prod'],
    ['../../../env/common.tfvars', 'env/prod'],
    ['/etc/x.tfvars', 'env'],
    ['.git/x.tfvars', '.'],
    ['-x.tfvars', '.'],
    ['prod.tf', '.'],
    ['prod.tfvars/', '.'],
    ['prod.tfvars\n', '.'],
    ['prod.tfvars.json.txt', '.'],
    ['tfvars', '.'],
    ['', '.'],
  ])('refuses %j in %s', (path, base) => {
    expect(() => assertTfvarsFile(path, base, 'tfvars_files')).toThrow(InvalidFieldError);
  });
});
