import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { OperationRefusedError } from './operation-refused.error';

/** 128 MiB and a third of a second for each guess at the passphrase. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
const MIN_LENGTH = 12;
const CONTEXT = Buffer.from('plomada encryption key');

/** The encryption key, locked with a passphrase; base64. */
export interface WrappedKey {
  kdf: 'scrypt';
  N: number;
  r: number;
  p: number;
  salt: string;
  cipher: 'aes-256-gcm';
  nonce: string;
  tag: string;
  key: string;
}

/** @throws OperationRefusedError for a passphrase that is too short */
export async function wrapKey(key: Buffer, passphrase: string): Promise<WrappedKey> {
  if (passphrase.length < MIN_LENGTH) {
    throw new OperationRefusedError(`BACKUP_PASSPHRASE must have ${MIN_LENGTH} characters or more.`);
  }
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await stretch(passphrase, salt), nonce).setAAD(CONTEXT);
  const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
  return {
    kdf: 'scrypt',
    ...COST,
    salt: salt.toString('base64'),
    cipher: 'aes-256-gcm',
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    key: sealed.toString('base64'),
  };
}

/** @throws OperationRefusedError when it is another passphrase */
export async function unwrapKey(wrapped: WrappedKey, passphrase: string): Promise<Buffer> {
  // Only what we write: a file from elsewhere must not make us reckon for a day.
  if (wrapped.kdf !== 'scrypt' || wrapped.N !== COST.N || wrapped.r !== COST.r || wrapped.p !== COST.p) {
    throw new OperationRefusedError('The key in this backup is locked in a way that this version does not know.');
  }
  try {
    const stretched = await stretch(passphrase, Buffer.from(wrapped.salt, 'base64'));
    const decipher = createDecipheriv('aes-256-gcm', stretched, Buffer.from(wrapped.nonce, 'base64'), {
      authTagLength: 16,
    })
      .setAAD(CONTEXT)
      .setAuthTag(Buffer.from(wrapped.tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(wrapped.key, 'base64')), decipher.final()]);
  } catch {
    throw new OperationRefusedError(
      'BACKUP_PASSPHRASE is not the one that this backup was made with, or its key is damaged.',
    );
  }
}

function stretch(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(passphrase, salt, 32, { ...COST, maxmem: 256 * 2 ** 20 }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}
