import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A stored secret cannot be read: another key, or damage. */
export class SecretUnreadableError extends Error {
  constructor() {
    super('A stored secret cannot be decrypted: ENCRYPTION_KEY is not the one it was stored with, or it is damaged.');
  }
}

/**
 * Encrypts secrets at rest: AES-256-GCM with a fresh nonce each. `context` (such as `deployment:ID:git_password`) is
 * authenticated too, so that a ciphertext moved to another row or column does not decrypt.
 */
export class SecretBox {
  /** @param key 32 bytes. */
  constructor(private readonly key: Buffer) {
    if (key.length !== 32) throw new Error('The encryption key must have 32 bytes.');
  }

  /** `v1.<base64 of nonce, tag and ciphertext>`. */
  seal(text: string, context: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${VERSION}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')}`;
  }

  /** @throws SecretUnreadableError */
  open(sealed: string, context: string): string {
    const [version, payload] = sealed.split('.', 2);
    if (version !== VERSION || payload === undefined) throw new SecretUnreadableError();
    const bytes = Buffer.from(payload, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw new SecretUnreadableError();
    }
  }
}
