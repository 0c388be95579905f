import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { ArchiveLimits } from './archive-limits';
import { ArchiveRefusedError, asRefusal, entryRefused } from './archives.errors';
import { ByteReader } from './byte-reader';
import { fileRange } from './file-range';
import { readTarEntries } from './tar-entries';
import { transformed } from './transformed';
import { TreeWriter } from './tree-writer';
import { UnpackMeter } from './unpack-meter';
import { readZipEntries } from './zip-entries';

const MAX_TARGET_BYTES = 4096;
const CHUNK_BYTES = 64 * 1024;

interface Work {
  handle: FileHandle;
  packedBytes: number;
  meter: UnpackMeter;
  tree: TreeWriter;
  limits: ArchiveLimits;
  signal: AbortSignal | undefined;
}

/**
 * Unpacks a `.tar.gz` or `.zip`, told by its first bytes, that nobody vouches for. Files get mode 0644 or 0755; links
 * that stay in the tree become links. Neither the file nor an entry is ever held in memory as a whole.
 * @param directory exists and is empty; on failure what was written stays, and the caller removes it
 * @param signal stops the work; its reason is thrown
 * @throws ArchiveRefusedError naming the entry and the rule that it breaks
 */
export async function unpackArchive(
  file: string,
  directory: string,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const work: Work = {
      handle,
      packedBytes: size,
      meter: new UnpackMeter(limits, size),
      tree: new TreeWriter(directory, limits.maxEntries),
      limits,
      signal,
    };
    if ((await archiveFormat(handle)) === 'zip') await unpackZip(work);
    else await unpackTar(work);
    await work.tree.finish(signal);
  } catch (error) {
    throw asRefusal(error);
  } finally {
    await handle.close();
  }
}

async function archiveFormat(handle: FileHandle): Promise<'zip' | 'tar.gz'> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  const magic = buffer.toString('hex', 0, bytesRead);
  if (magic === '504b0304' || magic === '504b0506') return 'zip';
  if (magic.startsWith('1f8b08')) return 'tar.gz';
  throw new ArchiveRefusedError('The file is neither a .tar.gz (.tgz) nor a .zip archive; these two are accepted.');
}

async function unpackTar({ handle, packedBytes, meter, tree, signal }: Work): Promise<void> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const reader = new ByteReader(transformed(fileRange(handle, 0, packedBytes), gunzip), (bytes) => {
    signal?.throwIfAborted();
    meter.add(bytes);
  });
  try {
    for await (const entry of readTarEntries(reader)) {
      signal?.throwIfAborted();
      if (entry.kind === 'file') await tree.addFile(entry.name, entry.isExecutable, entry.content);
      else if (entry.kind === 'directory') await tree.addDirectory(entry.name);
      else await tree.addLink(entry.name, entry.target);
    }
  } finally {
    await reader.close();
  }
}

async function unpackZip({ handle, meter, tree, limits, signal }: Work): Promise<void> {
  for await (const entry of readZipEntries(handle, limits, meter, signal)) {
    if (entry.kind === 'file') await tree.addFile(entry.name, (entry.mode & 0o100) !== 0, entry.content());
    else if (entry.kind === 'directory') await tree.addDirectory(entry.name);
    else await tree.addLink(entry.name, await linkTarget(entry.name, entry.content()));
  }
}

/** A zip file keeps the target of a link as its content. */
async function linkTarget(name: string, content: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of content) {
    length += chunk.length;
    if (length > MAX_TARGET_BYTES) throw entryRefused(name, 'is a symbolic link with a target that is too long');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}
