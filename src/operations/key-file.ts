import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlomadaConfig } from '../config/config';

const KEY_BYTES = 32;

/** Where the key is that the server made for itself. */
export function keyFileOf(dataDir: string): string {
  return join(dataDir, 'encryption.key');
}

/** A key as its file holds it. */
export function keyText(key: Buffer): string {
  return `${key.toString('base64')}\n`;
}

/** The key in a file; null when there is no file, or no key in it. */
export function readKeyFile(file: string): Buffer | null {
  try {
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
    return key.length === KEY_BYTES ? key : null;
  } catch {
    return null;
  }
}

/** The key that a server with this configuration would start with; null when it would make one or refuse. */
export function presentKey({ secrets, storage }: PlomadaConfig): Buffer | null {
  return secrets.encryptionKey ?? readKeyFile(keyFileOf(storage.dataDir));
}
