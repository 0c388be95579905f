import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Header, Pax } from 'tar';
import { entryRefused } from './archives.errors';
import { fileRange } from './file-range';
import type { ModuleFile } from './module-files';
import { TAR_BLOCK_BYTES } from './tar-header';

/** The first moment that both tar and zip can express. */
const FIXED_TIME = new Date('1980-01-01T00:00:00Z');

/**
 * A tar archive of the files in their order. Says nothing of the machine it is made on: one time, owner 0, no owner's
 * name, mode 0644 or 0755.
 * @throws ArchiveRefusedError when a file is no longer what it was when it was listed
 */
export async function* tarStream(files: ModuleFile[], signal?: AbortSignal): AsyncGenerator<Buffer> {
  for (const file of files) {
    yield tarHeader(file);
    yield* content(file, signal);
    const rest = file.sizeBytes % TAR_BLOCK_BYTES;
    if (rest > 0) yield Buffer.alloc(TAR_BLOCK_BYTES - rest);
  }
  yield Buffer.alloc(2 * TAR_BLOCK_BYTES);
}

function tarHeader({ name, sizeBytes, isExecutable }: ModuleFile): Buffer {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const header = new Header({
    path: name,
    mode: isExecutable ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size: sizeBytes,
    mtime: FIXED_TIME,
    type: 'File',
    uname: '',
    gname: '',
  });
  const needsPax = header.encode(block);
  return needsPax ? Buffer.concat([new Pax({ path: name }).encode(), block]) : block;
}

async function* content({ name, path, sizeBytes }: ModuleFile, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size !== sizeBytes) throw entryRefused(name, 'changed while it was packed');
    for await (const piece of fileRange(handle, 0, sizeBytes)) {
      signal?.throwIfAborted();
      yield piece;
    }
  } finally {
    await handle.close();
  }
}
