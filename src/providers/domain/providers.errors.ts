import { ConflictError } from '../../common/errors';

/** What would change a published version. */
export function published(version: string): ConflictError {
  return new ConflictError(
    'version-published',
    `Version ${version} is published and never changes: make another version.`,
  );
}

export function versionExists(version: string): ConflictError {
  return new ConflictError('version-exists', `There is a version ${version} already.`);
}

/** What would take a version from under its build. */
export function buildActive(): ConflictError {
  return new ConflictError('build-active', 'A build of this version is active. Cancel it or wait for its end.');
}
