import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a program is on the `PATH` of the tests. */
export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Like `describe`, for tests that run a program which may not be there. Without it they are skipped, and the name in the
 * report says why.
 */
export function describeIfInstalled(program: string, title: string, tests: () => void): void {
  if (isInstalled(program)) describe(title, tests);
  else describe.skip(`${title} (skipped: ${program} is not on the PATH)`, tests);
}
