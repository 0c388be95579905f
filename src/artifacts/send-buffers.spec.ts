import { SendBuffers } from './send-buffers';

const MEBIBYTE = 2 ** 20;

describe('SendBuffers', () => {
  it('lends no more than is needed for a small file', () => {
    const [first, second] = new SendBuffers().borrow(100);
    expect([first.length, second.length]).toEqual([100, 100]);
    expect(new SendBuffers().borrow(0)[0].length).toBe(1);
  });

  it('lends large ones to the first, and small ones to everybody while those are out', () => {
    const buffers = new SendBuffers();
    const pairs = Array.from({ length: 2000 }, () => buffers.borrow(100 * MEBIBYTE));
    const bytes = pairs.reduce((sum, [one, other]) => sum + one.length + other.length, 0);
    expect(pairs[0]![0].length).toBe(256 * 1024);
    expect(pairs[1999]![0].length).toBe(32 * 1024);
    expect(bytes).toBeLessThan(150 * MEBIBYTE);
  });

  it('lends again what was given back, unless something may still read from it', () => {
    const buffers = new SendBuffers();
    const first = buffers.borrow(MEBIBYTE);
    buffers.giveBack(first, true);
    expect(buffers.borrow(MEBIBYTE)).toBe(first);
    buffers.giveBack(first, false);
    const second = buffers.borrow(MEBIBYTE);
    expect(second).not.toBe(first);
    expect(second[0].length).toBe(256 * 1024);
  });
});
