import { readCleanKey } from './clean-key';
import { describeKey, validSigningParts } from './key-description';
import type { PgpPublicKey } from './pgp-key';

/**
 * Checks a public key that providers are signed with elsewhere, and reduces it to what clients need. A revoked key is
 * read too, and says so: the caller decides.
 * @param armored exactly one key, at most 64 KiB
 * @throws SigningKeyRefusedError when a client could not use it, or it has expired, or it is a private key
 */
export async function readPublicKey(armored: string): Promise<PgpPublicKey> {
  const key = await readCleanKey(armored, 'public');
  return describeKey(key, validSigningParts(key));
}
