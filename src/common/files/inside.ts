import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { DomainError } from '../errors';

/**
 * The real folder of `path` inside a checkout.
 * @throws DomainError when it does not exist, is no folder, or a link leads out of the repository
 */
export async function resolveFolderInside(checkout: string, path: string): Promise<string> {
  const folder = await resolveInside(checkout, path);
  if (!(await stat(folder)).isDirectory()) throw missing(`"${path}" is not a folder of the repository.`);
  return folder;
}

/** @throws DomainError as `resolveFolderInside` does, for a file */
export async function assertFileInside(checkout: string, path: string): Promise<void> {
  const file = await resolveInside(checkout, path);
  if (!(await stat(file)).isFile()) throw missing(`"${path}" is not a file of the repository.`);
}

async function resolveInside(checkout: string, path: string): Promise<string> {
  const root = await realpath(checkout);
  const resolved = await realpath(join(root, path)).catch(() => {
    throw missing(`There is no "${path}" in the repository at this commit.`);
  });
  if (resolved !== root && !resolved.startsWith(root + sep)) {
    throw missing(`"${path}" leads out of the repository through a link.`);
  }
  return resolved;
}

function missing(message: string): DomainError {
  return new DomainError('unprocessable', 'path-not-found', message);
}
