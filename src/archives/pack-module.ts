import { createGzip } from 'node:zlib';
import type { ArchiveLimits } from './archive-limits';
import { ArchiveRefusedError } from './archives.errors';
import { writeHashed, type HashedFile } from './hashed-file';
import { listModuleFiles, type ModuleFile } from './module-files';
import { tarStream } from './tar-stream';
import { transformed } from './transformed';

const OS_OFFSET = 9;
const OS_UNKNOWN = 255;

/** A packed module. */
export interface PackedModule extends HashedFile {
  /** Files in the archive. */
  entries: number;
}

/**
 * Packs a module into one flat `.tar.gz`. The same tree gives the same bytes, whatever the order of its folders, its
 * times, its owners and the umask. Not across versions of Node: zlib may find a shorter way to say the same.
 * @param root the folder of the module
 * @param target a file that does not exist yet; on failure it is removed
 * @param limits for what is stored; the ratio is a matter of archives that come in, and not looked at
 * @param signal stops the work; its reason is thrown
 * @throws ArchiveRefusedError naming the file and the rule that it breaks
 */
export async function packModule(
  root: string,
  target: string,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<PackedModule> {
  signal?.throwIfAborted();
  const files = await listModuleFiles(root, limits, signal);
  assertTerraformFiles(files);
  const packed = transformed(tarStream(files, signal), createGzip({ level: 6 }));
  const written = await writeHashed(target, withoutSystem(packed));
  return { ...written, entries: files.length };
}

/** Terraform passes over files whose name begins with a dot. */
function assertTerraformFiles(files: ModuleFile[]): void {
  if (files.some(({ name }) => /^[^./][^/]*\.(tf|tofu)(\.json)?$/.test(name))) return;
  throw new ArchiveRefusedError(
    'The module has no Terraform files (*.tf, *.tofu) at its root; check the folder it is taken from.',
  );
}

/** gzip notes the system that it ran on (RFC 1952, OS); the time it leaves out by itself. */
async function* withoutSystem(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) {
      if (chunk.length <= OS_OFFSET) throw new Error('zlib gave less than a gzip header');
      chunk[OS_OFFSET] = OS_UNKNOWN;
      isFirst = false;
    }
    yield chunk;
  }
}
