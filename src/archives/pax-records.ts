import { damagedTar } from './tar-header';

/** The values of a pax header that change what an entry is. */
export interface PaxRecords {
  path?: string;
  linkpath?: string;
  size?: number;
  /** GNU keeps the real name and size of a sparse file in records of its own. */
  isSparse?: true;
}

/**
 * Reads the records of a pax header: `LENGTH KEY=VALUE\n`, the length in bytes and with itself (POSIX.1-2001, pax).
 * By bytes and not by lines: a value may hold a line break. An empty value changes nothing.
 * @throws ArchiveRefusedError when they are damaged
 */
export function parsePaxRecords(data: Buffer): PaxRecords {
  const records: PaxRecords = {};
  for (let position = 0; position < data.length;) {
    const space = data.indexOf(0x20, position);
    const digits = data.toString('latin1', position, space === -1 ? position : Math.min(space, position + 10));
    const end = position + (/^[1-9][0-9]*$/.test(digits) ? Number(digits) : 0);
    const equals = data.indexOf(0x3d, space);
    if (end > data.length || equals === -1 || equals >= end || data[end - 1] !== 0x0a) throw damagedTar();
    apply(records, data.toString('utf8', space + 1, equals), data.toString('utf8', equals + 1, end - 1));
    position = end;
  }
  return records;
}

function apply(records: PaxRecords, key: string, value: string): void {
  if (key.startsWith('GNU.sparse.')) records.isSparse = true;
  if (value === '') return;
  if (key === 'path') records.path = value;
  if (key === 'linkpath') records.linkpath = value;
  if (key === 'size') {
    if (!/^[0-9]{1,15}$/.test(value)) throw damagedTar();
    records.size = Number(value);
  }
}
