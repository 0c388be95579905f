import { createReadStream, type ReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { sortedByName } from './byte-order';
import { parseEntryName } from './entry-name';
import { writeHashed, type HashedFile } from './hashed-file';
import { NameTree } from './name-tree';

/** One file to be zipped. */
export interface ZipSource {
  /** Where the content lies. */
  path: string;
  /** Name in the archive. */
  name: string;
  executable: boolean;
}

/**
 * Writes a zip file: the same files give the same bytes, whatever their order, times, modes and the time zone. Not
 * across versions of Node, see `packModule`.
 * @param target a file that does not exist yet; on failure it is removed
 * @throws ArchiveRefusedError when two names are the same or may not be in an archive; the error of the disk
 */
export async function writeZip(files: readonly ZipSource[], target: string): Promise<HashedFile> {
  const names = new NameTree(Infinity);
  for (const { name } of files) names.claim(parseEntryName(name), 'file');
  const zip = new ZipFile();
  // The type does not say so, but it is a PassThrough.
  const output = zip.outputStream as Readable;
  const fail = (error: Error) => output.destroy(error);
  zip.on('error', fail);
  // A source may fail before the output is read; the reader is told of it all the same.
  output.on('error', () => undefined);
  const opened = new Set<ReadStream>();
  for (const { path, name, executable } of sortedByName(files)) {
    zip.addReadStreamLazy(name, attributes(executable), (give) => {
      if (output.destroyed) return give(new Error('stopped'), Readable.from([]));
      const content = createReadStream(path);
      opened.add(content);
      content.on('error', fail);
      content.once('close', () => opened.delete(content));
      give(null, content);
    });
  }
  zip.end();
  try {
    return await writeHashed(target, output);
  } finally {
    output.destroy();
    await Promise.all([...opened].map(closed));
  }
}

/** yazl writes the parts of a local time, and these are the same everywhere; at noon no clock is ever changed. */
function attributes(executable: boolean): { mtime: Date; mode: number; forceDosTimestamp: boolean } {
  return {
    mtime: new Date(1980, 0, 1, 12),
    mode: executable ? 0o100755 : 0o100644,
    // Otherwise the moment itself is stored too, and that depends on the time zone.
    forceDosTimestamp: true,
  };
}

function closed(stream: ReadStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) return resolve();
    stream.once('close', () => resolve());
    stream.destroy();
  });
}
