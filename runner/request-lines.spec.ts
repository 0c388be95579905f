import { PassThrough, Readable } from 'node:stream';
import { requestLines } from './request-lines';

const read = async (chunks: (string | Buffer)[], maxBytes = 100): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of requestLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), maxBytes)) {
    lines.push(line);
  }
  return lines;
};

describe('requestLines', () => {
  it.each([
    ['nothing', [], []],
    ['one line', ['one\n'], ['one']],
    ['lines in one piece', ['one\ntwo\n\nfour\n'], ['one', 'two', '', 'four']],
    ['a line in pieces', ['o', 'n', 'e\nt', 'wo\n'], ['one', 'two']],
    ['a character in pieces', [Buffer.from([0xc3]), Buffer.from([0xa9, 0x0a])], ['é']],
    ['half a line at the end', ['one\ntwo'], ['one']],
  ])('gives %s', async (_what, chunks, lines) => {
    expect(await read(chunks)).toEqual(lines);
  });

  it('refuses a line that is too long before it has come to its end', async () => {
    await expect(read(['x'.repeat(60), 'x'.repeat(60)])).rejects.toThrow('longer than 100 bytes');
    expect(await read(['x'.repeat(60), 'x'.repeat(40), '\n'])).toEqual(['x'.repeat(100)]);
  });

  it('refuses bytes that are no UTF-8', async () => {
    await expect(read([Buffer.from([0xff, 0x0a])])).rejects.toThrow();
  });

  it('takes a stream that breaks as its end', async () => {
    const stream = new PassThrough();
    const lines = requestLines(stream, 100);
    stream.write('one\ntw');
    expect((await lines.next()).value).toBe('one');
    stream.destroy(new Error('reset'));
    expect((await lines.next()).done).toBe(true);
  });

  it('does not see the end while a line is worked on', async () => {
    const stream = new PassThrough();
    const lines = requestLines(stream, 100);
    stream.end('one\n');
    expect((await lines.next()).done).toBe(false);
    expect((await lines.next()).done).toBe(true);
  });
});
