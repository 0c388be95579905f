import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitRefusedError } from './git-failure';
import type { GitSession, Place } from './git-session';

export interface FetchedName {
  /** The object that the name names: a commit, or an annotated tag. */
  sha: string;
  /** Whether there may be a branch of that name which git has passed over for a tag or something else. */
  mayHideBranch: boolean;
}

/** Names that `git fetch` would read as something else than a name. */
function isReadable(ref: string): boolean {
  return ref !== 'tag' && !ref.startsWith('+');
}

/**
 * Fetches what a name names now, without history and without asking for a list of all references first: one round
 * trip less, and the list can be long.
 * @param ref null for the default branch
 * @returns null if the remote has no such name, or none that can be asked for like this
 */
export async function fetchByName(session: GitSession, place: Place, ref: string | null): Promise<FetchedName | null> {
  if (ref !== null && !isReadable(ref)) return null;
  const options = ['--no-tags', '--no-recurse-submodules', '--progress', '--depth=1'];
  try {
    await session.remote(place, ['fetch', ...options, '--end-of-options', session.url, ref ?? 'HEAD']);
  } catch (error) {
    if (error instanceof CommitRefusedError) return null;
    throw error;
  }
  const file = join(place.gitDir, 'FETCH_HEAD');
  const [sha = '', , description = ''] = (await readFile(file, 'utf8')).trim().split('\t');
  await rm(file);
  const isExact =
    ref === null || ref === 'HEAD' || ref.startsWith('refs/') || description.startsWith(`branch '${ref}' of `);
  return { sha, mayHideBranch: !isExact };
}

/**
 * Whether the remote has a branch of that name. Asks for tags too, because the caller knows of one, and simple-git takes
 * its time over a command that prints nothing.
 */
export async function hasBranch(session: GitSession, place: Place, name: string): Promise<boolean> {
  const listing = await session.remote(place, [
    'ls-remote',
    '--heads',
    '--tags',
    '--end-of-options',
    session.url,
    name,
  ]);
  return listing.split('\n').some((line) => line.endsWith(`\trefs/heads/${name}`));
}
