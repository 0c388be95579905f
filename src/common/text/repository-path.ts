import { InvalidFieldError } from '../errors';

export const MAX_PATH_LENGTH = 1024;

/** Characters that no path here may hold: control characters, and halves of a character that no file name can have. */
const FORBIDDEN_CHARACTER = /[\p{Cc}\p{Cs}]/u;

/**
 * Brings a path inside a repository to its one form, without looking at the repository: `.` for its root, otherwise
 * names with single slashes, no `.` or `..` and no slash at the end. Two paths are the same folder when their forms
 * are equal (links aside).
 *
 * @throws InvalidFieldError for a path that is absolute, leaves the repository, or cannot be meant
 */
export function normalizeRepositoryPath(path: string, field: string): string {
  return normalize(path, '.', field);
}

/** True when a normalized path is the folder itself or lies somewhere below it. */
export function isInside(path: string, folder: string): boolean {
  return folder === '.' || path === folder || path.startsWith(`${folder}/`);
}

/**
 * Checks a variables file that is given relative to `base`, a normalized path, and returns its path in the repository.
 * It may lie above `base`, but not outside of the repository.
 *
 * @throws InvalidFieldError
 */
export function assertTfvarsFile(path: string, base: string, field: string): string {
  if (!/\.tfvars(?:\.json)?$/.test(path))
    throw new InvalidFieldError(field, 'The file name must end in .tfvars or .tfvars.json.');
  return normalize(path, base, field);
}

function normalize(path: string, base: string, field: string): string {
  const refuse = (rule: string): never => {
    throw new InvalidFieldError(field, `The path ${rule}.`);
  };
  if (path.length > MAX_PATH_LENGTH) refuse(`must not have more than ${MAX_PATH_LENGTH} characters`);
  if (FORBIDDEN_CHARACTER.test(path)) refuse('must not contain control characters');
  if (path.includes('\\')) refuse('must not contain a backslash; folders are separated by /');
  if (path.startsWith('/')) refuse('must be relative to the repository');
  // Git and the tool would take it for an option.
  if (path.startsWith('-')) refuse('must not start with -');

  const segments = base === '.' ? [] : base.split('/');
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment.toLowerCase() === '.git') refuse('must not lead into .git');
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) refuse('must not leave the repository');
  }
  return segments.length === 0 ? '.' : segments.join('/');
}
