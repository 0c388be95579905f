import { isId } from '../common/ids';

/** What is known of a directory of the work root. */
export interface FoundDirectory {
  name: string;
  modifiedAt: Date;
  /** The run it is named after; null when there is no such run. */
  run: { isFinal: boolean; completedAt: string | null } | null;
}

/**
 * True when a directory may go: its run ended before `olderThan`, or no run knows it and it was last changed before.
 * The directory of a run that has not ended never goes, however old. Only what is named like a run is ever removed.
 */
export function mayRemove(directory: FoundDirectory, olderThan: Date): boolean {
  if (!isId(directory.name)) return false;
  if (directory.run === null) return directory.modifiedAt < olderThan;
  return directory.run.isFinal && directory.run.completedAt !== null && new Date(directory.run.completedAt) < olderThan;
}
