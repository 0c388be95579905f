import { completeUtf8Length } from './utf8-boundary';

describe('completeUtf8Length', () => {
  it.each<[string, number[], number]>([
    ['nothing', [], 0],
    ['ASCII', [0x61, 0x62], 2],
    ['a complete sequence of two', [0xc3, 0xa9], 2],
    ['a complete sequence of three', [0xe2, 0x82, 0xac], 3],
    ['a complete sequence of four', [0xf0, 0x9f, 0x98, 0x80], 4],
    ['one byte of two', [0x61, 0xc3], 1],
    ['one byte of three', [0x61, 0xe2], 1],
    ['two bytes of three', [0x61, 0xe2, 0x82], 1],
    ['one byte of four', [0xf0], 0],
    ['three bytes of four', [0x61, 0xf0, 0x9f, 0x98], 1],
    ['continuation bytes only', [0x80, 0x80, 0x80, 0x80], 4],
    ['a continuation byte too many', [0xc3, 0xa9, 0xa9], 3],
    ['a byte that is never in UTF-8', [0xff], 1],
    ['the beginning of an overlong form', [0xc0], 1],
    ['an overlong form of three', [0xe0, 0x80], 2],
    ['a surrogate', [0xed, 0xa0], 2],
    ['a code point past the last', [0xf4, 0x90, 0x80], 3],
    ['two beginnings', [0xe2, 0xe2], 1],
  ])('%s', (_name, bytes, expected) => {
    expect(completeUtf8Length(Buffer.from(bytes))).toBe(expected);
  });

  it('makes the decoded text independent of the cuts, for every sequence of critical bytes', () => {
    const critical = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xe1, 0xed, 0xf0, 0xf4, 0xf5];
    const different: string[] = [];
    for (let code = 0; code < critical.length ** 4; code++) {
      const bytes = Buffer.from(
        [0, 1, 2, 3].map((digit) => critical[Math.floor(code / critical.length ** digit) % critical.length] ?? 0),
      );
      const whole = bytes.toString();
      for (const cut of [1, 2, 3]) {
        const end = completeUtf8Length(bytes.subarray(0, cut));
        const parts = bytes.toString('utf8', 0, end) + bytes.toString('utf8', end);
        if (parts !== whole || cut - end > 3) different.push(`${bytes.toString('hex')} at ${cut}`);
      }
    }
    expect(different).toEqual([]);
  });
});
