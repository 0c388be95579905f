import type { Entry } from 'yauzl';
import { entryRefused } from './archives.errors';
import type { EntryKind } from './name-tree';

const UNICODE_PATH = 0x7075;
const UNIX_SYSTEMS = [3, 19];
const DOS_SYSTEMS = [0, 11, 14];
const DOS_DIRECTORY = 0x10;

const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const LINK = 0o120000;
const SPECIAL_TYPES: Record<number, string> = {
  0o010000: 'is a FIFO',
  0o020000: 'is a device file',
  0o060000: 'is a device file',
  0o140000: 'is a socket',
};

/**
 * The name of a zip entry, its bytes taken for UTF-8 whatever its flags say, as Go does: old code pages differ from
 * system to system, so what is not UTF-8 becomes U+FFFD, which no name may hold.
 * @throws ArchiveRefusedError when it has a second, different name (Info-ZIP's Unicode path field)
 */
export function zipEntryName(entry: Entry): string {
  const name = entry.fileNameRaw.toString('utf8');
  for (const field of entry.extraFields) {
    if (field.id === UNICODE_PATH && !field.data.subarray(5).equals(entry.fileNameRaw)) {
      throw entryRefused(name, 'has a second, different name');
    }
  }
  return name;
}

/** Permission bits, from systems that have them; other readers make the same difference (Go's archive/zip). */
export function zipEntryMode(entry: Entry): number {
  return UNIX_SYSTEMS.includes(entry.versionMadeBy >>> 8) ? (entry.externalFileAttributes >>> 16) & 0o777 : 0;
}

/**
 * A folder ends with `/`. The type in the attributes must agree, wherever they come from.
 * @throws ArchiveRefusedError for special files, and for an entry that is a folder to one reader and a file to another
 */
export function zipEntryKind(entry: Entry, name: string): EntryKind {
  const type = (entry.externalFileAttributes >>> 16) & TYPE_MASK;
  const isFolderName = name.endsWith('/');
  const isDosFolder =
    DOS_SYSTEMS.includes(entry.versionMadeBy >>> 8) && (entry.externalFileAttributes & DOS_DIRECTORY) !== 0;
  if (type === LINK && !isFolderName) return 'link';
  const special = SPECIAL_TYPES[type];
  if (special !== undefined) throw entryRefused(name, special);
  if (![0, REGULAR, DIRECTORY].includes(type)) throw entryRefused(name, 'is of a kind that is not supported');
  if (isFolderName) return 'directory';
  if (type === DIRECTORY || isDosFolder) throw entryRefused(name, 'is a folder with the name of a file');
  return 'file';
}
