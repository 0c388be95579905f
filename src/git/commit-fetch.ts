import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitRefusedError } from './git-failure';
import type { GitSession, Place } from './git-session';
import { GitError } from './git.errors';
import { refNotFound } from './reference-list';

/** A commit to be fetched. */
export interface WantedCommit {
  sha: string;
  /** Full name of a branch or tag that named the commit a moment ago; null if the commit was asked for as such. */
  reference: string | null;
}

const FETCH = ['fetch', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--progress'];
const FETCHED = 'refs/plomada/fetched';

function fetch(session: GitSession, place: Place, options: string[], ...refspecs: string[]): Promise<string> {
  return session.remote(place, [...FETCH, ...options, '--end-of-options', session.url, ...refspecs]);
}

/** Fetches all branches and tags with their history, under `refs/plomada/`. */
export async function fetchHistory(session: GitSession, place: Place): Promise<void> {
  const isShallow = await access(join(place.gitDir, 'shallow')).then(
    () => true,
    () => false,
  );
  const options = isShallow ? ['--unshallow'] : [];
  await fetch(session, place, options, '+refs/heads/*:refs/plomada/heads/*', '+refs/tags/*:refs/plomada/tags/*');
}

/**
 * Fetches one commit without its history: by its id, which every server of today allows; else through the branch or
 * tag; else, if that has moved on, out of the whole history.
 * @param storeAs reference to keep the commit under
 */
export async function fetchCommit(
  session: GitSession,
  place: Place,
  wanted: WantedCommit,
  storeAs?: string,
): Promise<void> {
  try {
    await fetch(session, place, ['--depth=1'], storeAs === undefined ? wanted.sha : `${wanted.sha}:${storeAs}`);
  } catch (error) {
    if (!(error instanceof CommitRefusedError)) throw error;
    if (error.isMissing && wanted.reference === null) throw refNotFound(wanted.sha);
    await fetchByOtherMeans(session, place, wanted);
    if (storeAs !== undefined) await session.local(place, ['update-ref', storeAs, wanted.sha]);
  }
}

async function fetchByOtherMeans(session: GitSession, place: Place, wanted: WantedCommit): Promise<void> {
  if (wanted.reference !== null) {
    try {
      await fetch(session, place, ['--depth=1'], `+${wanted.reference}:${FETCHED}`);
      if (await hasCommit(session, place, wanted.sha)) return;
    } catch (error) {
      if (!(error instanceof CommitRefusedError)) throw error;
    }
  }
  await fetchHistory(session, place);
  if (!(await hasCommit(session, place, wanted.sha))) throw refNotFound(wanted.sha);
}

async function hasCommit(session: GitSession, place: Place, sha: string): Promise<boolean> {
  try {
    await session.local(place, ['cat-file', '-e', `${sha}^{commit}`]);
    return true;
  } catch (error) {
    if (error instanceof GitError && error.code === 'git-failed') return false;
    throw error;
  }
}
