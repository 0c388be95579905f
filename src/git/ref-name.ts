import { GitError } from './git.errors';

const MAX_REF_LENGTH = 255;

/** Whether the text is a full commit id: 40 hex digits. Such a text always means the commit, as in git itself. */
export function isCommitSha(ref: string): boolean {
  return /^[0-9a-f]{40}$/i.test(ref);
}

/** Whether the text may be the beginning of a commit id, if no branch and no tag has that name. */
export function isAbbreviatedSha(ref: string): boolean {
  return /^[0-9a-f]{7,39}$/i.test(ref);
}

/** The rules of `git check-ref-format --allow-onelevel`, as a sentence each. */
function faultOf(ref: string): string | null {
  if (ref === '' || ref.length > MAX_REF_LENGTH) return `must have 1 to ${MAX_REF_LENGTH} characters`;
  if (ref.startsWith('-')) return 'must not start with `-`';
  for (const character of ref) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return 'must not contain control characters';
  }
  if (/[ ~^:?*[\\]/.test(ref)) return 'must not contain a space or any of ~ ^ : ? * [ \\';
  if (ref.includes('..')) return 'must not contain `..`';
  if (ref.includes('@{') || ref === '@') return 'must not be `@` or contain `@{`';
  if (ref.startsWith('/') || ref.endsWith('/') || ref.includes('//')) return 'must not have an empty part around `/`';
  if (ref.endsWith('.')) return 'must not end with `.`';
  if (ref.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'))) {
    return 'must not have a part that starts with `.` or ends with `.lock`';
  }
  return null;
}

/**
 * Refuses what can be neither a branch nor a tag nor a commit, by the rules of `git check-ref-format`.
 * @throws GitError of kind `invalid`
 */
export function assertGitRef(ref: string): void {
  const fault = faultOf(ref);
  if (fault !== null) throw new GitError('git-ref-invalid', `The Git reference ${fault}.`);
}
