import type { FileHandle } from 'node:fs/promises';
import { ArchiveRefusedError } from './archives.errors';
import { readExactly } from './file-range';

const END_BYTES = 22;
const END_SIGNATURE = 0x06054b50;
const LOCATOR_BYTES = 20;
const LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_END_BYTES = 56;
const ZIP64_END_SIGNATURE = 0x06064b50;
const MAX_COMMENT_BYTES = 0xffff;

/** Where the central directory of a zip file lies: from `start` to before `end`. */
export interface ZipDirectory {
  entries: number;
  start: number;
  end: number;
}

/**
 * Finds the central directory. Accepts only the plain layout: directory, (zip64 end,) end, with nothing before the
 * first entry, between them or behind them, and numbers that agree. Readers differ in what they make of anything
 * else, so that one file could show them different contents.
 * @throws ArchiveRefusedError when the file is no zip, truncated, or laid out in another way
 */
export async function readZipDirectory(handle: FileHandle, fileSize: number): Promise<ZipDirectory> {
  const tailStart = Math.max(0, fileSize - END_BYTES - MAX_COMMENT_BYTES - LOCATOR_BYTES);
  const tail = await readExactly(handle, tailStart, fileSize - tailStart);
  const at = findEnd(tail);
  if (at === -1) throw new ArchiveRefusedError('The zip file is truncated: its end is missing; upload it again.');
  const short: ZipDirectory = {
    entries: tail.readUInt16LE(at + 10),
    start: tail.readUInt32LE(at + 16),
    end: tail.readUInt32LE(at + 16) + tail.readUInt32LE(at + 12),
  };
  if (at >= LOCATOR_BYTES && tail.readUInt32LE(at - LOCATOR_BYTES) === LOCATOR_SIGNATURE) {
    return readZip64Directory(
      handle,
      tail.subarray(at - LOCATOR_BYTES, at + END_BYTES),
      tailStart + at - LOCATOR_BYTES,
    );
  }
  const isOneDisk = tail.readUInt32LE(at + 4) === 0 && tail.readUInt16LE(at + 8) === short.entries;
  if (!isOneDisk || short.end !== tailStart + at) throw badLayout();
  return short;
}

/** The last signature whose comment reaches to the end of the file. */
function findEnd(tail: Buffer): number {
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue;
    return tail.readUInt16LE(at + 20) === tail.length - at - END_BYTES ? at : -1;
  }
  return -1;
}

/** @param locatorAndEnd the locator and the end record behind it, which begin at `position` of the file */
async function readZip64Directory(handle: FileHandle, locatorAndEnd: Buffer, position: number): Promise<ZipDirectory> {
  const recordAt = uint64(locatorAndEnd, 8);
  if (recordAt + ZIP64_END_BYTES > position) throw badLayout();
  const record = await readExactly(handle, recordAt, ZIP64_END_BYTES);
  const entries = uint64(record, 32);
  const size = uint64(record, 40);
  const start = uint64(record, 48);
  const isWhole =
    record.readUInt32LE(0) === ZIP64_END_SIGNATURE &&
    recordAt + 12 + uint64(record, 4) === position &&
    uint64(record, 16) === 0 &&
    uint64(record, 24) === entries &&
    start + size === recordAt;
  // Some readers take the short numbers unless they say "look there".
  const end = locatorAndEnd.subarray(LOCATOR_BYTES);
  const agrees =
    [0xffff, entries].includes(end.readUInt16LE(10)) &&
    [0xffffffff, size].includes(end.readUInt32LE(12)) &&
    [0xffffffff, start].includes(end.readUInt32LE(16));
  if (!isWhole || !agrees) throw badLayout();
  return { entries, start, end: recordAt };
}

/** Beyond 2^53 it loses its last bits, but it is compared with the size of a file then, and is larger. */
function uint64(buffer: Buffer, offset: number): number {
  return Number(buffer.readBigUInt64LE(offset));
}

export function badLayout(): ArchiveRefusedError {
  return new ArchiveRefusedError('The zip file is damaged: its directory does not match the file.');
}
