import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isConfigurationFileName } from './configuration-files';
import type { ProblemList } from './problem-list';

const ROOT = 'modules';
const MAX_FOLDERS = 1000;
const MAX_DEPTH = 10;

interface Folder {
  folders: string[];
  hasConfiguration: boolean;
}

/**
 * The folders under `modules/` that hold configuration files, such as `modules/network`, sorted. A folder without any
 * may group others (`modules/aws/network`). Below a submodule only its own `modules/` counts: what else is there
 * (`examples/`, `tests/`) is not meant to be called. Links are not followed.
 */
export async function findSubmodules(directory: string, problems: ProblemList): Promise<string[]> {
  const root = await lstat(join(directory, ROOT)).catch(() => null);
  if (!root?.isDirectory()) return [];
  const found: string[] = [];
  const waiting = [ROOT];
  let looked = 0;
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (++looked > MAX_FOLDERS) {
      problems.add(path, `not looked at, as there are more than ${MAX_FOLDERS} folders under ${ROOT}/`);
      break;
    }
    const { folders, hasConfiguration } = await look(directory, path, problems);
    const isSubmodule = hasConfiguration && path !== ROOT;
    if (isSubmodule) found.push(path);
    if (path.split('/').length >= MAX_DEPTH) continue;
    for (const name of isSubmodule ? folders.filter((folder) => folder === ROOT) : folders) {
      waiting.push(`${path}/${name}`);
    }
  }
  return found.sort();
}

async function look(directory: string, path: string, problems: ProblemList): Promise<Folder> {
  try {
    const entries = await readdir(join(directory, path), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
    return {
      folders: folders.map((entry) => entry.name).sort(),
      hasConfiguration: entries.some((entry) => entry.isFile() && isConfigurationFileName(entry.name)),
    };
  } catch (error) {
    problems.add(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return { folders: [], hasConfiguration: false };
  }
}
