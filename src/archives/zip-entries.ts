import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { ArchiveRefusedError, entryRefused } from './archives.errors';
import { fileRange, readExactly } from './file-range';
import { tooManyEntries, type EntryKind } from './name-tree';
import { transformed } from './transformed';
import type { UnpackMeter } from './unpack-meter';
import { badLayout, readZipDirectory } from './zip-directory';
import { zipEntryKind, zipEntryMode, zipEntryName } from './zip-entry-attributes';

const STORED = 0;
const DEFLATED = 8;

export interface ZipEntry {
  name: string;
  kind: EntryKind;
  /** Unix permission bits; 0 when the archive comes from a system without them. */
  mode: number;
  /** Bytes of the file, counted by the meter, and checked against the size and CRC-32 of the directory. */
  content(): AsyncGenerator<Buffer>;
}

/** yauzl's way to the file: plain reads of an open handle, so that nothing is left open when reading stops half-way. */
class HandleReader extends RandomAccessReader {
  constructor(private readonly handle: FileHandle) {
    super();
  }

  override createReadStream({ start, end }: { start: number; end: number }): Readable {
    return Readable.from(fileRange(this.handle, start, end), { objectMode: false });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    readExactly(this.handle, position, length).then(
      (bytes) => callback(null, bytes.copy(buffer, offset)),
      (error: Error) => callback(error),
    );
  }
}

/**
 * The entries of a zip file in the order of its central directory. The handle stays open.
 * @param meter counts what `content` gives
 * @throws ArchiveRefusedError for what is damaged, encrypted, too much, or of a kind that is not accepted
 */
export async function* readZipEntries(
  handle: FileHandle,
  limits: { maxEntries: number },
  meter: UnpackMeter,
  signal?: AbortSignal,
): AsyncGenerator<ZipEntry> {
  const { size } = await handle.stat();
  const directory = await readZipDirectory(handle, size);
  if (directory.entries > limits.maxEntries) throw tooManyEntries(limits.maxEntries);
  const zip = await fromRandomAccessReaderPromise(new HandleReader(handle), size, {
    autoClose: false,
    decodeStrings: false,
  }).catch(refuse);
  const entries = zip.eachEntry();
  for (;;) {
    signal?.throwIfAborted();
    const result = await entries.next().catch(refuse);
    if (result.done === true) break;
    yield toEntry(zip, result.value, meter, signal);
  }
  // A directory with more entries than its end record counts: another reader would see them.
  if (Number(zip.readEntryCursor) !== directory.end) throw badLayout();
}

function toEntry(zip: ZipFile, entry: Entry, meter: UnpackMeter, signal?: AbortSignal): ZipEntry {
  const name = zipEntryName(entry);
  const kind = zipEntryKind(entry, name);
  if (entry.isEncrypted()) throw entryRefused(name, 'is encrypted');
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw entryRefused(name, `has compression method ${entry.compressionMethod}; use deflate`);
  }
  if (kind === 'directory' && entry.uncompressedSize !== 0) throw entryRefused(name, 'is a folder with content');
  return {
    name,
    kind,
    mode: zipEntryMode(entry),
    content: () => readContent(zip, entry, name, meter, signal),
  };
}

async function* readContent(
  zip: ZipFile,
  entry: Entry,
  name: string,
  meter: UnpackMeter,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const packed = await zip.openReadStreamPromise(entry, { decodeFileData: false }).catch(refuse);
  const inflate = entry.compressionMethod === DEFLATED ? createInflateRaw() : null;
  let size = 0;
  let checksum = 0;
  try {
    for await (const chunk of (inflate ? transformed(packed, inflate) : packed) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      size += chunk.length;
      meter.add(chunk.length);
      if (size > entry.uncompressedSize) throw entryRefused(name, 'is larger than the zip file says');
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw typeof code === 'string' && code.startsWith('Z_') ? entryRefused(name, 'is damaged') : error;
  } finally {
    packed.destroy();
  }
  if (size !== entry.uncompressedSize) throw entryRefused(name, 'is smaller than the zip file says');
  if (inflate && inflate.bytesWritten !== entry.compressedSize) throw entryRefused(name, 'has a wrong packed size');
  if (checksum !== entry.crc32) throw entryRefused(name, 'is damaged: its checksum (CRC-32) is wrong');
}

/** yauzl reports faults of the file as plain errors; those of the system have a code, and pass. */
function refuse(error: NodeJS.ErrnoException): never {
  if (error.code !== undefined) throw error;
  const message = error.message.includes('encryption')
    ? 'The zip file is encrypted.'
    : 'The zip file is truncated or damaged; upload it again.';
  throw new ArchiveRefusedError(message, { cause: error });
}
