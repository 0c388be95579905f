import { realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { CallRefusedError } from './call-refused';

/**
 * The real path of the directory the tool is started in. Links are resolved once, here, and the result is what is
 * used, so that a link changed afterwards leads nowhere else.
 *
 * @throws CallRefusedError when it is missing, is no directory, or is not inside `workRoot`.
 */
export function resolveWorkDirectory(workDir: string, workRoot: string | undefined): string {
  const resolved = realDirectory('work_dir', workDir);
  if (workRoot === undefined || workRoot === '') return resolved;
  const root = realDirectory('IAC_RUNNER_WORK_ROOT', workRoot);
  const prefix = root.endsWith(sep) ? root : root + sep;
  if (resolved !== root && !resolved.startsWith(prefix)) {
    throw new CallRefusedError(`work_dir ${workDir} is not inside IAC_RUNNER_WORK_ROOT`);
  }
  return resolved;
}

function realDirectory(name: string, path: string): string {
  let resolved: string;
  try {
    resolved = realpathSync(path);
  } catch {
    throw new CallRefusedError(`${name} ${path} does not exist or cannot be reached`);
  }
  if (!statSync(resolved).isDirectory()) throw new CallRefusedError(`${name} ${path} is not a directory`);
  return resolved;
}
