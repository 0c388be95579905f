import { hkdfSync } from 'node:crypto';

/** Makes keys for other purposes out of the platform's encryption key, so that one secret has to be kept. */
export class DerivedKeys {
  /** @param key the platform's encryption key, 32 bytes */
  constructor(private readonly key: Buffer) {}

  /** 32 bytes that are always the same for a purpose and say nothing of those of another (RFC 5869). */
  for(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, Buffer.alloc(0), `plomada ${purpose}`, 32));
  }
}
