import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { DerivedKeys } from '../crypto/derived-keys';
import { SecretUnreadableError } from '../crypto/secret-box';

const MAGIC = Buffer.from('PST1');
const IV_BYTES = 12;
const TAG_BYTES = 16;

const compress = promisify<Buffer, { level: number }, Buffer>(gzip);
const decompress = promisify<Buffer, Buffer>(gunzip);

/**
 * Encrypts states at rest: compressed, then AES-256-GCM with a fresh nonce. `context` is authenticated too, so that the
 * state of another deployment, put in its place, does not decrypt.
 */
@Injectable()
export class StateCipher {
  private readonly key: Buffer;

  constructor(keys: DerivedKeys) {
    this.key = keys.for('states');
  }

  async seal(state: Buffer, context: string): Promise<Buffer> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(context));
    const sealed = [cipher.update(await compress(state, { level: 1 })), cipher.final()];
    return Buffer.concat([MAGIC, iv, cipher.getAuthTag(), ...sealed]);
  }

  /** @throws SecretUnreadableError */
  async open(sealed: Buffer, context: string): Promise<Buffer> {
    const iv = sealed.subarray(MAGIC.length, MAGIC.length + IV_BYTES);
    const tag = sealed.subarray(MAGIC.length + IV_BYTES, MAGIC.length + IV_BYTES + TAG_BYTES);
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(context)).setAuthTag(tag);
      const content = sealed.subarray(MAGIC.length + IV_BYTES + TAG_BYTES);
      return await decompress(Buffer.concat([decipher.update(content), decipher.final()]));
    } catch {
      throw new SecretUnreadableError();
    }
  }
}
