import { openPgp } from './openpgp-library';
import type { PgpSigningKey } from './pgp-key';

const RSA_BITS = 4096;

/**
 * Makes a key that every client reads: RSA-4096, version 4, without expiry and without subkeys. Takes seconds, on
 * another thread.
 * @param userName its one user id, such as `Plomada registry, namespace payments`
 */
export async function generateSigningKey(userName: string): Promise<PgpSigningKey> {
  const library = await openPgp();
  const { privateKey, publicKey } = await library.generateKey({
    type: 'rsa',
    rsaBits: RSA_BITS,
    userIDs: [{ name: userName }],
    subkeys: [],
    format: 'object',
  });
  return {
    keyId: publicKey.getKeyID().toHex().toUpperCase(),
    fingerprint: publicKey.getFingerprint().toUpperCase(),
    algorithm: `rsa${RSA_BITS}`,
    publicKey: publicKey.armor(),
    privateKey: privateKey.armor(),
    isRevoked: false,
    expiresAt: null,
  };
}
