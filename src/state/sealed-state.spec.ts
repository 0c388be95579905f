import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { SecretUnreadableError } from '../crypto/secret-box';
import { assertOpens, openInto, openState, sealState } from './sealed-state';

const KEY = randomBytes(32);

/** The same bytes in pieces of another size. */
function* inPieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('a sealed state', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a byte', Buffer.from('{')],
    ['a small one', Buffer.from('{"serial":1}')],
    ['what compresses', Buffer.alloc(3_000_000, 'x')],
    ['what does not', randomBytes(3_000_000)],
  ])('opens to what it was: %s', async (_what, state) => {
    const sealed = await sealState(KEY, state, 'a');
    expect((await openState(KEY, sealed, 'a', state.length)).equals(state)).toBe(true);
    expect((await openState(KEY, sealed, 'a')).equals(state)).toBe(true);
    const whole = Buffer.concat(sealed);
    await assertOpens(KEY, Readable.from([whole]), 'a');
    for (const size of [1, 7, 65_536]) {
      if (whole.length / size > 100_000) continue;
      const pieces: Buffer[] = [];
      const target = new Writable({
        write(piece: Buffer, _encoding, done) {
          pieces.push(piece);
          done();
        },
      });
      await openInto(KEY, inPieces(whole, size), 'a', target);
      expect(Buffer.concat(pieces).equals(state)).toBe(true);
    }
  });

  it('does not open with another key or context, of another size, cut off, or with any byte of it changed', async () => {
    const state = Buffer.from('{"version":4,"serial":1,"lineage":"x"}');
    const sealed = Buffer.concat(await sealState(KEY, state, 'a'));
    const refusal = async (bytes: Buffer, { key = KEY, context = 'a', size = state.length } = {}): Promise<void> => {
      await expect(openState(key, [bytes], context, size)).rejects.toThrow(SecretUnreadableError);
    };
    await refusal(sealed, { key: randomBytes(32) });
    await refusal(sealed, { context: 'b' });
    await refusal(sealed, { size: state.length - 1 });
    await refusal(sealed, { size: state.length + 1 });
    for (const length of [0, 3, 31, 32, sealed.length - 1]) await refusal(sealed.subarray(0, length));
    // The first four bytes say what it is, and nothing else.
    for (let place = 4; place < sealed.length; place++) {
      const damaged = Buffer.from(sealed);
      damaged[place]! ^= 1;
      await refusal(damaged);
      await expect(assertOpens(KEY, Readable.from([damaged]), 'a')).rejects.toThrow(SecretUnreadableError);
    }
  });

  it('tells of a store that fails on the way', async () => {
    const sealed = Buffer.concat(await sealState(KEY, randomBytes(1_000_000), 'a'));
    const failing = Readable.from(
      (function* () {
        yield sealed.subarray(0, 500_000);
        throw new Error('the disk is gone');
      })(),
    );
    await expect(openInto(KEY, failing, 'a', new Writable({ write: (_p, _e, done) => done() }))).rejects.toThrow(
      'the disk is gone',
    );
    expect(await buffer(Readable.from([sealed]))).toHaveLength(sealed.length);
  });
});
