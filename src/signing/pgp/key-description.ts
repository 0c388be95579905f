import type { CleanKey, SigningPart } from './clean-key';
import { assembleKey } from './key-assembly';
import type { PgpPublicKey } from './pgp-key';
import { SigningKeyRefusedError } from './pgp.errors';

/** The parts that may sign now. @throws SigningKeyRefusedError when all have expired */
export function validSigningParts({ signingParts }: CleanKey): SigningPart[] {
  const now = new Date();
  const valid = signingParts.filter((part) => part.expiresAt === null || part.expiresAt > now);
  if (valid.length === 0)
    throw new SigningKeyRefusedError(
      `This key expired at ${lastEnd(signingParts)}. Extend it with \`gpg --quick-set-expire\` and export it again, ` +
        'or use another key.',
    );
  return valid;
}

/**
 * What is known about a key, and its public form for clients: with every part that signs or once did.
 * @param parts those that decide when it expires
 */
export function describeKey(key: CleanKey, parts: SigningPart[]): PgpPublicKey {
  const { library, primary, revocations, identity, signingParts } = key;
  const subkeys = signingParts.flatMap(({ subkeyPackets }) => subkeyPackets ?? []);
  const whole = assembleKey(library, [primary, ...revocations, ...identity, ...subkeys]);
  return {
    keyId: primary.getKeyID().toHex().toUpperCase(),
    fingerprint: primary.getFingerprint().toUpperCase(),
    algorithm: key.algorithm,
    publicKey: whole.toPublic().armor(),
    isRevoked: revocations.length > 0,
    expiresAt: lastEnd(parts),
  };
}

/** When the last of the parts expires, RFC 3339; null when one never does. */
function lastEnd(parts: SigningPart[]): string | null {
  const end = Math.max(...parts.map(({ expiresAt }) => expiresAt?.getTime() ?? Infinity));
  return end === Infinity ? null : new Date(end).toISOString();
}
