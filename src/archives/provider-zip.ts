import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ArchiveLimits } from './archive-limits';
import { ArchiveRefusedError, asRefusal, entryRefused } from './archives.errors';
import { parseEntryName } from './entry-name';
import { NameTree } from './name-tree';
import { packageHash, type PackageFile } from './package-hash';
import { shownName } from './shown-name';
import { UnpackMeter } from './unpack-meter';
import { readZipEntries } from './zip-entries';

const PREFIX = 'terraform-provider-';

/** What a provider zip is uploaded as; `name` is the type, such as `aws`. */
export interface ExpectedProvider {
  name: string;
  version: string;
  os: string;
}

export interface InspectedProvider {
  /** Terraform's hash of the package, for lock files. */
  h1: string;
  sizeBytes: number;
}

interface ProviderFile extends PackageFile {
  mode: number;
}

/**
 * Checks that a zip file is a provider package that terraform can install and start, and that it is whole: every byte
 * is read and compared with size and checksum. Nothing is written.
 * @param signal stops the work; its reason is thrown
 * @throws ArchiveRefusedError saying what was found and what is expected
 */
export async function inspectProviderZip(
  file: string,
  expected: ExpectedProvider,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<InspectedProvider> {
  signal?.throwIfAborted();
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.toString('hex', 0, bytesRead) !== '504b0304') {
      throw new ArchiveRefusedError('The file is not a zip archive; a provider is uploaded as a .zip.');
    }
    const names = new NameTree(limits.maxEntries);
    const files: ProviderFile[] = [];
    for await (const entry of readZipEntries(handle, limits, new UnpackMeter(limits, size), signal)) {
      const segments = parseEntryName(entry.name);
      if (entry.kind === 'link') throw entryRefused(entry.name, 'is a symbolic link, which a provider may not hold');
      names.claim(segments, entry.kind);
      const hash = createHash('sha256');
      for await (const chunk of entry.content()) hash.update(chunk);
      if (entry.kind === 'file') files.push({ name: segments.join('/'), sha256: hash.digest('hex'), mode: entry.mode });
    }
    assertExecutable(files, expected);
    return { h1: packageHash(files), sizeBytes: size };
  } catch (error) {
    throw asRefusal(error);
  } finally {
    await handle.close();
  }
}

function assertExecutable(files: ProviderFile[], { name, version, os }: ExpectedProvider): void {
  const wanted = `${PREFIX}${name}_v${version}${os === 'windows' ? '.exe' : ''}`;
  const binary = files.find((file) => file.name === wanted);
  if (!binary) throw new ArchiveRefusedError(missing(files, wanted));
  // Terraform starts the first file that fits: another one could be it.
  const rival = files.find((file) => file !== binary && isTakenForProvider(file.name, name));
  if (rival) {
    throw new ArchiveRefusedError(
      `The zip file holds ${shownName(rival.name)} beside ${shownName(wanted)}: terraform could start either; leave one.`,
    );
  }
  if (os !== 'windows' && (binary.mode & 0o111) === 0) {
    throw entryRefused(wanted, 'is not executable; set the execute bit (chmod +x) before it is zipped');
  }
}

/** The rule of terraform (internal/providercache, ExecutableFile): the prefix, then nothing, `_…` or `.…`. */
function isTakenForProvider(file: string, name: string): boolean {
  const prefix = `${PREFIX}${name}`;
  return file.startsWith(prefix) && !file.includes('/') && /^($|[_.])/.test(file.slice(prefix.length));
}

function missing(files: ProviderFile[], wanted: string): string {
  const found =
    files.find((file) => file.name.startsWith(PREFIX) && !file.name.includes('/')) ??
    files.find((file) => file.name.split('/').at(-1)?.startsWith(PREFIX));
  return found
    ? `The zip file holds ${shownName(found.name)}; expected is ${shownName(wanted)} at its root.`
    : `The zip file holds no file ${PREFIX}…; expected is ${shownName(wanted)} at its root.`;
}
