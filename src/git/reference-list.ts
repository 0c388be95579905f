import { GitError } from './git.errors';
import type { GitReference, GitReferences } from './git.port';

const BRANCHES = 'refs/heads/';
const TAGS = 'refs/tags/';
const PEELED = '^{}';

/** What a remote advertises: full reference names and the objects they name. */
export interface ReferenceList {
  /** Full name of what HEAD points to; null if it is detached or the repository is empty. */
  head: string | null;
  headSha: string | null;
  /** Full name → commit; annotated tags are peeled. */
  commits: ReadonlyMap<string, string>;
}

/** Reads the output of `git ls-remote --symref`. */
export function parseReferenceList(output: string): ReferenceList {
  const commits = new Map<string, string>();
  let head: string | null = null;
  let headSha: string | null = null;
  for (const line of output.split('\n')) {
    const [value = '', name = ''] = line.split('\t');
    if (name === 'HEAD' && value.startsWith('ref: ')) head = value.slice('ref: '.length);
    else if (!/^[0-9a-f]{40}$/.test(value)) continue;
    else if (name === 'HEAD') headSha = value;
    // The peeled line follows that of the tag object and takes its place.
    else commits.set(name.endsWith(PEELED) ? name.slice(0, -PEELED.length) : name, value);
  }
  return { head, headSha, commits };
}

/**
 * What a branch or tag name, or null for the default branch, names now; a branch wins over a tag of the same name.
 * @returns null if there is no such branch or tag
 */
export function findReference(list: ReferenceList, ref: string | null): GitReference | null {
  if (ref === null || ref === 'HEAD') {
    const sha = list.headSha ?? (list.head === null ? undefined : list.commits.get(list.head));
    return sha === undefined ? null : { name: list.head ?? 'HEAD', sha };
  }
  const names = ref.startsWith('refs/') ? [ref] : [BRANCHES + ref, TAGS + ref, `refs/${ref}`];
  for (const name of names) {
    const sha = list.commits.get(name);
    if (sha !== undefined) return { name, sha };
  }
  return null;
}

/** The short name of a branch or tag, as people write it. */
export function shortName(name: string): string {
  return [BRANCHES, TAGS].reduce(
    (short, prefix) => (short.startsWith(prefix) ? short.slice(prefix.length) : short),
    name,
  );
}

/** The list in the terms of the port: branches and tags only. */
export function toReferences(list: ReferenceList): GitReferences {
  const below = (prefix: string): GitReference[] =>
    [...list.commits].flatMap(([name, sha]) =>
      name.startsWith(prefix) ? [{ name: name.slice(prefix.length), sha }] : [],
    );
  return { default: list.head === null ? null : shortName(list.head), branches: below(BRANCHES), tags: below(TAGS) };
}

/** The error for a reference that the repository does not have. */
export function refNotFound(ref: string | null): GitError {
  const message =
    ref === null
      ? 'The Git repository has no default branch yet: it is empty.'
      : `The Git repository has no branch, tag or commit "${ref}".`;
  return new GitError('git-ref-not-found', message);
}
