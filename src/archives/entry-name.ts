import { entryRefused } from './archives.errors';

const MAX_NAME_BYTES = 4096;
const MAX_SEGMENT_BYTES = 255;

/**
 * The parts of an entry's name, `.` and empty ones left out; none for the top folder itself. Names are read the same
 * way on every system: what is a separator or a drive on any of them is refused.
 * @throws ArchiveRefusedError when the name may not be written below a folder
 */
export function parseEntryName(name: string): string[] {
  const fault = textFault(name) ?? (isAbsolute(name) ? 'has an absolute name' : null);
  if (fault !== null) throw entryRefused(name, fault);
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  for (const segment of segments) {
    if (segment === '..') throw entryRefused(name, 'has `..` in its name');
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
      throw entryRefused(name, `has a part of more than ${MAX_SEGMENT_BYTES} bytes in its name`);
    }
  }
  return segments;
}

/**
 * Refuses the target of a symbolic link that cannot lie in any tree; where the others lead is for `LinkResolver`.
 * @param name the link, for the message
 * @throws ArchiveRefusedError
 */
export function assertLinkTarget(name: string, target: string): void {
  if (target === '') throw entryRefused(name, 'is a symbolic link to nothing');
  if (isAbsolute(target)) throw entryRefused(name, 'is a symbolic link that leaves the archive');
  const fault = textFault(target);
  if (fault !== null) throw entryRefused(name, `is a symbolic link; its target ${fault}`);
}

function textFault(text: string): string | null {
  if (Buffer.byteLength(text) > MAX_NAME_BYTES) return `has more than ${MAX_NAME_BYTES} bytes in its name`;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return 'has a control character in its name';
  }
  if (text.includes('\\')) return 'has a backslash in its name; use `/` between folders';
  // What a decoder puts in place of bytes that are no UTF-8: the name on disk would be another one.
  if (text.includes('\ufffd')) return 'has a name that is not UTF-8';
  return null;
}

function isAbsolute(name: string): boolean {
  return name.startsWith('/') || /^[A-Za-z]:/.test(name);
}
