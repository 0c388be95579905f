/**
 * Length of the longest prefix of `buffer` that does not end inside of a UTF-8 sequence: what is decoded up to there
 * and what is decoded from there on is together what decoding it in one piece gives. Bytes that cannot begin or go on
 * with a sequence count as complete, so never more than three bytes are left over.
 */
export function completeUtf8Length(buffer: Buffer): number {
  for (let start = buffer.length - 1; start >= 0 && start >= buffer.length - 3; start--) {
    const byte = buffer[start] as number;
    if (isContinuation(byte)) continue;
    const present = buffer.length - start;
    const isUnfinished =
      present < sequenceLength(byte) && (present === 1 || canFollow(byte, buffer[start + 1] as number));
    return isUnfinished ? start : buffer.length;
  }
  return buffer.length;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Length of the sequence that begins with this byte; 1 for a byte that begins none. */
function sequenceLength(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 1;
}

/** Some second bytes would make an overlong form, a surrogate or a code point past the last: a decoder stops there. */
function canFollow(first: number, second: number): boolean {
  switch (first) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second <= 0x9f;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second <= 0x8f;
    default:
      return true;
  }
}
