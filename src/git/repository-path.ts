import { GitError } from './git.errors';

const MAX_PATH_LENGTH = 4096;

function invalid(rule: string): GitError {
  return new GitError('git-path-invalid', `The path ${rule}.`);
}

/**
 * Brings a path inside a repository to its one form: no leading `./`, no doubled or trailing slash, empty for the root.
 * @throws GitError `git-path-invalid` for a path that could leave the repository or be taken for an option
 */
export function toRepositoryPath(path: string): string {
  if (path.length > MAX_PATH_LENGTH) throw invalid(`must have at most ${MAX_PATH_LENGTH} characters`);
  if (path.startsWith('/')) throw invalid('must be relative to the repository');
  if (path.startsWith('-')) throw invalid('must not start with `-`');
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) throw invalid('must not contain control characters');
  }
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw invalid('must not contain `..`');
  return parts.join('/');
}
