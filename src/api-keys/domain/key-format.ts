import { createHash, randomInt } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 characters of base62 hold 256 bits. */
const LENGTH = 43;
const PREFIX_LENGTH = 12;

/** A fresh key: `plm_` and 43 random characters of base62. */
export function makeKey(): string {
  return `plm_${Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`;
}

/** True for text of the form of a key; anything else is answered without a look at the database. */
export function isKeyFormat(text: string): boolean {
  return /^plm_[0-9A-Za-z]{40,200}$/.test(text);
}

/** SHA-256 in hex: what is stored of a key. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The part of a key that is stored and shown to tell keys apart. */
export function keyPrefix(key: string): string {
  return key.slice(0, PREFIX_LENGTH);
}
