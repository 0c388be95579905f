import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchCommit, type WantedCommit } from './commit-fetch';
import type { GitSession } from './git-session';
import { fetchByName, hasBranch } from './named-fetch';
import { isCommitSha } from './ref-name';
import { createEmptyRepository } from './repository-layout';

/**
 * Checks out what `ref` names, without history, into an existing empty directory. A branch, which is the usual case,
 * takes two git processes and one exchange with the server.
 * @param locate finds the commit in any other way, from the list of references
 * @returns the commit that is checked out
 */
export async function checkOut(
  session: GitSession,
  directory: string,
  ref: string | null,
  locate: () => Promise<WantedCommit>,
): Promise<string> {
  const place = { directory, gitDir: join(directory, '.git') };
  const write = (sha: string) => session.local(place, ['checkout', '--force', '--detach', sha, '--']);
  await createEmptyRepository(place.gitDir, { bare: false });
  const named = ref !== null && isCommitSha(ref) ? null : await fetchByName(session, place, ref);
  if (named === null) await fetchAndWrite();
  else {
    // git prefers a tag to a branch of the same name, we do not. There hardly ever is one, so the files of the tag are
    // written while the server is asked.
    const asked = named.mayHideBranch && ref !== null ? hasBranch(session, place, ref) : Promise.resolve(false);
    const [written, hidden] = await Promise.allSettled([write(named.sha), asked]);
    if (written.status === 'rejected') throw written.reason;
    if (hidden.status === 'rejected') throw hidden.reason;
    if (hidden.value) await fetchAndWrite();
  }
  return (await readFile(join(place.gitDir, 'HEAD'), 'utf8')).trim();

  async function fetchAndWrite(): Promise<void> {
    const wanted = await locate();
    await fetchCommit(session, place, wanted);
    await write(wanted.sha);
  }
}
