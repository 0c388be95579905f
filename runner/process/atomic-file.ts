import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file by a rename: whoever sees it sees all of it. A link that lies in the place of the draft is not followed.
 *
 * @throws Error when it cannot be written; then there is no such file, or the earlier one.
 */
export function writeAtomically(path: string, text: string): void {
  const draft = `${path}.tmp`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
}
