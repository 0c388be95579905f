import { ArchiveRefusedError } from './archives.errors';

export const TAR_BLOCK_BYTES = 512;

/** One header block of a tar archive, as it stands: extensions (pax, GNU) are for `readTarEntries`. */
export interface TarHeader {
  name: string;
  linkName: string;
  /** Type flag, one character; `\0` is the old way to write a file. */
  type: string;
  size: number;
  isExecutable: boolean;
}

/**
 * Reads a header of any format in use (v7, ustar, pax, GNU, star); null for the block of zeros that ends an archive.
 * Read here and not by the `tar` package, which guesses the type from a shortened name, cuts names at a NUL, and goes
 * on after a header that it cannot read.
 * @throws ArchiveRefusedError when it is no header
 */
export function decodeTarHeader(block: Buffer): TarHeader | null {
  if (isZero(block)) return null;
  if (!hasValidChecksum(block)) throw damagedTar();
  const name = text(block, 0, 100);
  const prefix = namePrefix(block);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 257),
    type: String.fromCharCode(block[156] ?? 0),
    size: number(block.subarray(124, 136)),
    isExecutable: (number(block.subarray(100, 108)) & 0o100) !== 0,
  };
}

export function damagedTar(): ArchiveRefusedError {
  return new ArchiveRefusedError('The file is not a tar archive in gzip, or it is damaged.');
}

const ZEROS = Buffer.alloc(64 * 1024);

/** Whether a piece of up to 64 KiB is all zeros. */
export function isZero(bytes: Buffer): boolean {
  return bytes.equals(bytes.length <= ZEROS.length ? ZEROS.subarray(0, bytes.length) : Buffer.alloc(bytes.length));
}

/** The bytes of the field up to the first NUL. What is not UTF-8 becomes U+FFFD, which no name may hold. */
function text(block: Buffer, start: number, end: number): string {
  const field = block.subarray(start, end);
  const length = field.indexOf(0);
  return field.toString('utf8', 0, length === -1 ? field.length : length);
}

/** ustar and pax have the beginning of a long name in a field of its own; GNU has other things in its place. */
function namePrefix(block: Buffer): string {
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return '';
  const isStar = block.toString('latin1', 508, 512) === 'tar\0';
  return text(block, 345, isStar ? 476 : 500);
}

/** Octal digits, or GNU's way for large numbers: the highest bit, then the number in base 256. */
function number(field: Buffer): number {
  const first = field[0] ?? 0;
  let value = 0;
  if ((first & 0x80) !== 0) {
    if (first !== 0x80) throw damagedTar();
    for (const byte of field.subarray(1)) value = value * 256 + byte;
  } else {
    // Padded with blanks or NULs.
    const digits = field.toString('latin1').replace(/^[ \0]+|[ \0]+$/g, '');
    if (!/^[0-7]*$/.test(digits)) throw damagedTar();
    value = digits === '' ? 0 : parseInt(digits, 8);
  }
  if (!Number.isSafeInteger(value)) throw damagedTar();
  return value;
}

function hasValidChecksum(block: Buffer): boolean {
  const stored = number(block.subarray(148, 156));
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let index = 0; index < TAR_BLOCK_BYTES; index++) {
    if (index >= 148 && index < 156) continue;
    const byte = block[index] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  // Some old writers took bytes for signed.
  return stored === unsigned || stored === signed;
}
