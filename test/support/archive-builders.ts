import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** One entry of an archive that may say what no tool would. */
export interface ArchiveEntry {
  name: string;
  content?: string | Buffer;
  /** Target of a symbolic link (a hard link with `type: '1'`). */
  link?: string;
  /** Type flag of tar. Default: file, or symbolic link when there is a target. */
  type?: string;
  isExecutable?: boolean;
}

/** An uncompressed tar, entry by entry, with no more than what is given. */
export function tar(entries: ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1024)]);
}

/** @param level of compression; 0 for content that is noise anyway */
export function tarGz(entries: ArchiveEntry[], level = 6): Buffer {
  return gzipSync(tar(entries), { level });
}

function tarEntry({ name, content = '', link, type, isExecutable = false }: ArchiveEntry): Buffer {
  const data = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(`${(isExecutable ? 0o755 : 0o644).toString(8).padStart(7, '0')}\0`, 100);
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type ?? (link === undefined ? '0' : '2'), 156);
  header.write(link ?? '', 157, 100);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

const UNIX = 3;

/** A zip; with a link, the entry is a symbolic link as Info-ZIP writes one. */
export function zip(entries: ArchiveEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', link, isExecutable = false } of entries) {
    const bytes = Buffer.from(link ?? content);
    const packed = deflateRawSync(bytes);
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const rest = Buffer.alloc(14);
    const mode = link === undefined ? (isExecutable ? 0o100755 : 0o100644) : 0o120777;
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    records.push(Buffer.concat([Buffer.from('504b0102', 'hex'), Buffer.from([63, UNIX]), common, rest, path]));
    bodies.push(Buffer.concat([Buffer.from('504b0304', 'hex'), common, path, packed]));
    offset += bodies.at(-1)!.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length & 0xffff, 8);
  end.writeUInt16LE(entries.length & 0xffff, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, directory, end]);
}
