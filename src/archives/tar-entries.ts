import { ArchiveRefusedError, entryRefused } from './archives.errors';
import type { ByteReader } from './byte-reader';
import type { EntryKind } from './name-tree';
import { parsePaxRecords, type PaxRecords } from './pax-records';
import { damagedTar, decodeTarHeader, isZero, TAR_BLOCK_BYTES, type TarHeader } from './tar-header';

const MAX_EXTENSION_BYTES = 1024 ** 2;
const MAX_EXTENSIONS = 8;

export interface TarEntry {
  name: string;
  kind: EntryKind;
  /** Target of a link, empty otherwise. */
  target: string;
  isExecutable: boolean;
  /** To be read to its end before the next entry is asked for; nothing for folders and links. */
  content: AsyncIterable<Buffer>;
}

/** Names of the type flags that are known and never accepted. */
const REFUSED_TYPES: Record<string, string> = {
  '1': 'is a hard link; store the file itself',
  '3': 'is a device file',
  '4': 'is a device file',
  '6': 'is a FIFO',
  S: 'is a sparse file, which is not supported',
};

/**
 * The entries of a tar stream in their order, with the names and sizes that pax headers and GNU long names give them.
 * Global pax headers (`pax_global_header` of `git archive`) are passed over.
 * @throws ArchiveRefusedError for what is damaged, truncated or of a kind that is not accepted
 */
export async function* readTarEntries(reader: ByteReader): AsyncGenerator<TarEntry> {
  for (;;) {
    const found = await nextHeader(reader);
    if (found === null) break;
    yield toEntry(found.header, found.extensions, reader);
  }
  for (let bytes = await reader.next(65_536); bytes !== null; bytes = await reader.next(65_536)) {
    if (!isZero(bytes)) throw new ArchiveRefusedError('The archive has data after its end.');
  }
}

/** The next header that stands for an entry, with what the headers before it say of it; null at the end. */
async function nextHeader(reader: ByteReader): Promise<{ header: TarHeader; extensions: PaxRecords } | null> {
  const extensions: PaxRecords = {};
  for (let count = 0; count <= MAX_EXTENSIONS; count++) {
    const block = await reader.exactly(TAR_BLOCK_BYTES);
    if (block === null) throw truncated();
    const header = decodeTarHeader(block);
    if (header === null) {
      if (Object.keys(extensions).length > 0) throw damagedTar();
      return null;
    }
    const records = await readExtension(header, reader);
    if (records === null) return { header, extensions };
    for (const [key, value] of Object.entries(records)) {
      // Readers do not agree on which one counts: one archive would be two different trees.
      if (key in extensions) throw damagedTar();
      Object.assign(extensions, { [key]: value as unknown });
    }
  }
  throw new ArchiveRefusedError(`The archive has more than ${MAX_EXTENSIONS} extension headers before one entry.`);
}

/** What an extension header says; null when the header is an entry itself. */
async function readExtension(header: TarHeader, reader: ByteReader): Promise<PaxRecords | null> {
  if (!['x', 'X', 'g', 'L', 'K'].includes(header.type)) return null;
  if (header.size > MAX_EXTENSION_BYTES) throw new ArchiveRefusedError('The archive has a header of more than 1 MiB.');
  const padded = header.size + padding(header.size);
  const block = padded === 0 ? Buffer.alloc(0) : await reader.exactly(padded);
  if (block === null) throw truncated();
  const data = block.subarray(0, header.size);
  if (header.type === 'g') return {};
  if (header.type === 'x' || header.type === 'X') return parsePaxRecords(data);
  const end = data.indexOf(0);
  const name = data.toString('utf8', 0, end === -1 ? data.length : end);
  return header.type === 'L' ? { path: name } : { linkpath: name };
}

function toEntry(header: TarHeader, extensions: PaxRecords, reader: ByteReader): TarEntry {
  const name = extensions.path ?? header.name;
  const size = extensions.size ?? header.size;
  if (extensions.isSparse) throw entryRefused(name, 'is a sparse file, which is not supported');
  const kind = kindOf(header, name, size);
  return {
    name,
    kind,
    target: kind === 'link' ? (extensions.linkpath ?? header.linkName) : '',
    isExecutable: header.isExecutable,
    // Some writers give folders and links a size, and no content all the same; as in Go's archive/tar.
    content: fileContent(reader, kind === 'file' ? size : 0, name),
  };
}

function kindOf(header: TarHeader, name: string, size: number): EntryKind {
  switch (header.type) {
    case '0':
    case '\0':
    case '7':
      if (!name.endsWith('/')) return 'file';
      // The old way to write a folder.
      if (size === 0) return 'directory';
      throw entryRefused(name, 'is a file with the name of a folder');
    case '5':
      return 'directory';
    case '2':
      return 'link';
    default:
      throw entryRefused(name, REFUSED_TYPES[header.type] ?? 'is of a kind that is not supported');
  }
}

async function* fileContent(reader: ByteReader, size: number, name: string): AsyncGenerator<Buffer> {
  for (let left = size; left > 0;) {
    const bytes = await reader.next(left);
    if (bytes === null) throw entryRefused(name, 'ends in the middle: the archive is truncated');
    left -= bytes.length;
    yield bytes;
  }
  const rest = padding(size);
  if (rest > 0 && (await reader.exactly(rest)) === null) throw truncated();
}

function padding(size: number): number {
  return (TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

function truncated(): ArchiveRefusedError {
  return new ArchiveRefusedError('The archive is truncated: its end is missing; upload it again.');
}
