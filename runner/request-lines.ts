import type { Readable } from 'node:stream';

const LINE_END = 0x0a;

/**
 * The lines of a stream, each when it is asked for: while a line is worked on, the next one waits unread. What comes
 * after the last line's end is no line, and a stream that breaks has ended.
 *
 * @throws Error when a line is longer than `maxBytes`, or is not UTF-8.
 */
export async function* requestLines(stdin: Readable, maxBytes: number): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of untilBroken(stdin)) {
    let rest = chunk;
    for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END)) {
      parts.push(rest.subarray(0, end));
      const line = utf8.decode(Buffer.concat(parts));
      parts = [];
      size = 0;
      yield line;
      rest = rest.subarray(end + 1);
    }
    size += rest.length;
    if (size > maxBytes) throw new Error(`a line is longer than ${maxBytes} bytes`);
    if (rest.length > 0) parts.push(rest);
  }
}

async function* untilBroken(stdin: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stdin) yield chunk as Buffer;
  } catch {
    // Whoever was there is gone.
  }
}
