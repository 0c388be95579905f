import { decodeTail, TailBuffer } from './tail-buffer';

describe('TailBuffer', () => {
  it.each([1, 7, 10, 64, 1000])('keeps the same end in chunks of %i as the whole text has', (chunkSize) => {
    const all = Array.from({ length: 300 }, (_, index) => `${index};`).join('');
    for (const limit of [1, 2, 9, 100, all.length - 1, all.length, all.length + 1]) {
      const tail = new TailBuffer(limit);
      for (let at = 0; at < all.length; at += chunkSize) tail.append(Buffer.from(all.slice(at, at + chunkSize)));
      expect(tail.toText()).toBe(all.slice(-limit));
      expect(tail.isTruncated).toBe(limit < all.length);
    }
  });

  it('grows past its first capacity without losing anything', () => {
    const tail = new TailBuffer(1_000_000);
    const chunk = 'abcdefghij'.repeat(999);
    for (let count = 0; count < 90; count += 1) tail.append(Buffer.from(chunk));
    expect(tail.toText() === chunk.repeat(90)).toBe(true);
    for (let count = 0; count < 90; count += 1) tail.append(Buffer.from(chunk));
    expect(tail.toText() === chunk.repeat(180).slice(-1_000_000)).toBe(true);
  });

  it('is empty when nothing came, and keeps nothing when it may not', () => {
    expect(new TailBuffer(10).toText()).toBe('');
    expect(new TailBuffer(10).isTruncated).toBe(false);
    const none = new TailBuffer(0);
    none.append(Buffer.from('x'));
    expect([none.toText(), none.isTruncated]).toEqual(['', true]);
  });

  it('does not begin in the middle of a character', () => {
    for (let limit = 1; limit <= 12; limit += 1) {
      const tail = new TailBuffer(limit);
      tail.append(Buffer.from('€é𝄞€é𝄞'));
      expect(tail.toText()).not.toContain('\ufffd');
      expect('€é𝄞€é𝄞'.endsWith(tail.toText())).toBe(true);
    }
  });
});

describe('decodeTail', () => {
  it('leaves out at most three bytes, and none when nothing was cut', () => {
    const continuations = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x41]);
    expect(decodeTail(continuations, true)).toBe('\ufffdA');
    expect(decodeTail(continuations, false)).toBe('\ufffd\ufffd\ufffd\ufffdA');
  });
});
