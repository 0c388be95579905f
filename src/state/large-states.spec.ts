import { Readable } from 'node:stream';
import type { Request } from 'express';
import { StateConfig } from '../config/config';
import { LargeStates } from './large-states';

const MEBIBYTE = 2 ** 20;

/** A request with a body of so many bytes; `isRead` tells whether anybody has begun to read it. */
function requestOf(bytes: number, headers: Record<string, string> = { 'content-length': `${bytes}` }) {
  const state = { isRead: false };
  const stream = new Readable({
    read() {
      state.isRead = true;
      this.push(Buffer.alloc(bytes));
      this.push(null);
    },
  });
  return { state, request: Object.assign(stream, { headers, setTimeout: () => undefined }) as unknown as Request };
}

const bodies = (): LargeStates => new LargeStates({ maxBytes: 64 * MEBIBYTE } as StateConfig);

/** A task that goes on when it is told to. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('LargeStates', () => {
  it.each([
    ['a length', undefined],
    ['no length', {}],
  ])('takes large ones with %s one after the other, and small ones meanwhile', async (_what, headers) => {
    const room = bodies();
    const { opened, open } = gate();
    const first = requestOf(20 * MEBIBYTE, headers);
    const second = requestOf(20 * MEBIBYTE, headers);
    const small = requestOf(MEBIBYTE);
    const one = room.take(first.request, async (bytes) => {
      await opened;
      return bytes.length;
    });
    const two = room.take(second.request, async (bytes) => bytes.length);
    expect(await room.take(small.request, async (bytes) => bytes.length)).toBe(MEBIBYTE);
    await settle();
    expect([first.state.isRead, second.state.isRead]).toEqual([true, false]);
    open();
    expect(await Promise.all([one, two])).toEqual([20 * MEBIBYTE, 20 * MEBIBYTE]);
  });

  it('goes on after one that failed, and refuses what is too large at once', async () => {
    const room = bodies();
    const { opened, open } = gate();
    const failing = room.take(requestOf(20 * MEBIBYTE).request, async () => {
      await opened;
      throw new Error('no');
    });
    const next = room.take(requestOf(20 * MEBIBYTE).request, async () => 'taken');
    await expect(room.take(requestOf(65 * MEBIBYTE).request, async () => 'taken')).rejects.toThrow(/larger than/);
    open();
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('taken');
  });
});
