import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Nothing of the user's own settings: no hooks, no signing, no default branch of another name. */
export const GIT_ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Plomada',
  GIT_AUTHOR_EMAIL: 'plomada@plomada.example',
  GIT_COMMITTER_NAME: 'Plomada',
  GIT_COMMITTER_EMAIL: 'plomada@plomada.example',
};

/**
 * Makes a repository with one commit on `main`.
 * @param {string} directory an empty or missing folder
 * @param {Record<string, string>} files path → text
 * @param {{ tags?: string[], branches?: string[] }} names further names of the commit
 * @returns {string} its file:// URL
 */
export function createRepository(directory, files, { tags = [], branches = [] } = {}) {
  const git = (...args) => execFileSync('git', args, { cwd: directory, env: GIT_ENVIRONMENT, stdio: 'pipe' });
  mkdirSync(directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (path.endsWith('.sh')) chmodSync(file, 0o755);
  }
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=The beginning');
  for (const tag of tags) git('tag', tag);
  for (const branch of branches) git('branch', branch);
  return pathToFileURL(directory).href;
}
