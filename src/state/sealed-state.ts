import { createCipheriv, createDecipheriv, type DecipherGCM, randomBytes } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { SecretUnreadableError } from '../crypto/secret-box';

const MAGIC = Buffer.from('PST1');
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = MAGIC.length + IV_BYTES + TAG_BYTES;
const PIECE_BYTES = 256 * 1024;

/** A sealed state, or a state, in pieces: nobody needs it in one. */
export type Pieces = readonly Uint8Array[];

/*
 * How a state is at rest: a header (magic, nonce, tag), then the gzip of the state, encrypted with AES-256-GCM. `context`
 * is authenticated too, so that the state of another deployment, put in its place, does not open.
 */

/** Seals a state with a fresh nonce. */
export async function sealState(key: Buffer, state: Uint8Array, context: string): Promise<Uint8Array[]> {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const sealed: Uint8Array[] = [];
  await pipeline(
    Readable.from(cut(state), { objectMode: false }),
    createGzip({ level: 1, chunkSize: PIECE_BYTES }),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const piece of compressed) sealed.push(cipher.update(piece));
    },
  );
  // Of this mode nothing is left to come but the tag.
  cipher.final();
  return [Buffer.concat([MAGIC, iv, cipher.getAuthTag()]), ...sealed];
}

/**
 * Opens a sealed state.
 * @param sizeBytes of the state, where it is known: it is put together in place then
 * @throws SecretUnreadableError
 */
export async function openState(key: Buffer, sealed: Pieces, context: string, sizeBytes?: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const whole = sizeBytes === undefined ? null : Buffer.allocUnsafeSlow(sizeBytes);
  let size = 0;
  const collect = async (state: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of state) {
      if (whole === null) pieces.push(piece);
      else if (size + piece.length <= whole.length) piece.copy(whole, size);
      size += piece.length;
    }
  };
  await openInto(key, sealed, context, collect).catch(() => {
    // With another key what comes out is no gzip, which is seen first.
    throw new SecretUnreadableError();
  });
  if (whole === null) return Buffer.concat(pieces, size);
  if (size !== whole.length) throw new SecretUnreadableError();
  return whole;
}

/**
 * Opens a sealed state on its way to `target`, a piece at a time. What goes out is authenticated at the end only: call
 * `assertOpens` first. @throws SecretUnreadableError; what `target` and `sealed` fail with
 */
export function openInto(
  key: Buffer,
  sealed: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  context: string,
  target: Writable | ((state: AsyncIterable<Buffer>) => Promise<void>),
): Promise<void> {
  return pipeline(
    Readable.from(decrypted(key, sealed, context), { objectMode: false }),
    createGunzip({ chunkSize: PIECE_BYTES }),
    target as Writable,
  );
}

/** Looks whether all of a sealed state is what was sealed, without keeping any of it. @throws SecretUnreadableError */
export async function assertOpens(key: Buffer, sealed: AsyncIterable<Uint8Array>, context: string): Promise<void> {
  for await (const piece of decrypted(key, sealed, context)) void piece;
}

async function* decrypted(
  key: Buffer,
  sealed: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  context: string,
): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  let decipher: DecipherGCM | null = null;
  for await (const piece of sealed) {
    if (decipher !== null) {
      if (piece.length > 0) yield decipher.update(piece);
      continue;
    }
    head = Buffer.concat([head, piece]);
    if (head.length < HEADER_BYTES) continue;
    const iv = head.subarray(MAGIC.length, MAGIC.length + IV_BYTES);
    decipher = createDecipheriv('aes-256-gcm', key, iv)
      .setAAD(Buffer.from(context))
      .setAuthTag(head.subarray(MAGIC.length + IV_BYTES, HEADER_BYTES));
    if (head.length > HEADER_BYTES) yield decipher.update(head.subarray(HEADER_BYTES));
  }
  if (decipher === null) throw new SecretUnreadableError();
  try {
    decipher.final();
  } catch {
    throw new SecretUnreadableError();
  }
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) yield bytes.subarray(from, from + PIECE_BYTES);
}
