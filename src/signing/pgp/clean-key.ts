import type { AnyPacket, Key, PacketList, Subkey } from 'openpgp';
import { acceptedAlgorithm, keyKind, unparsedKeyKind } from './key-algorithm';
import { type KeySide, packetTag, readKeyPackets, unreadableKey } from './key-armor';
import { openPgp, type OpenPgpLibrary } from './openpgp-library';
import type { PgpPublicKey } from './pgp-key';
import { SigningKeyRefusedError } from './pgp.errors';
import { isSignedBy, latestDate } from './signature-check';
import { readSigningSubkeys } from './signing-subkeys';
import { readValidUsers } from './valid-users';

/** A part of a key that may sign, or might until it expired. */
export interface SigningPart {
  packet: Key['keyPacket'] | Subkey['keyPacket'];
  /** The packets of the subkey with its binding signatures; null for the primary key. */
  subkeyPackets: AnyPacket[] | null;
  /** Null for never. */
  expiresAt: Date | null;
}

/** A key whose every signature has been verified; what is invalid, or of no use to clients, is gone. */
export interface CleanKey {
  library: OpenPgpLibrary;
  algorithm: string;
  primary: Key['keyPacket'];
  /** Signatures that revoke the whole key. */
  revocations: AnyPacket[];
  /** Signatures on the primary key itself, then the user ids, each with its own signatures by the key. */
  identity: AnyPacket[];
  expiresAt: Date | null;
  signingParts: SigningPart[];
}

/**
 * Reads exactly one key that clients understand, without regard to whether it is revoked or expired. Leaves out
 * subkeys that cannot sign or are revoked, signatures by others, pictures, and user ids that are revoked: a client
 * may stumble over each of them, and needs none.
 * @throws SigningKeyRefusedError
 */
export async function readCleanKey(armored: string, side: KeySide): Promise<CleanKey> {
  const packets = await readKeyPackets(armored, side);
  const library = await openPgp();
  const algorithm = primaryAlgorithm(packets, side, library);
  const key = construct(library, packets, side);
  const primary = key.keyPacket;
  if (primary.created > latestDate())
    throw new SigningKeyRefusedError(
      `This key is not valid before ${primary.created.toISOString()}. Check the clock of the computer that made it.`,
    );
  const { users, signsData } = await readValidUsers(library, key);
  const identity = [...(await directSignatures(library, key)), ...users];
  const expiresAt = toDate(await construct(library, [primary, ...identity], side).getExpirationTime());
  const subkeys = await readSigningSubkeys(library, key);
  const signingParts: SigningPart[] = subkeys.map((part) => ({ ...part, expiresAt: earlier(part.expiresAt, expiresAt) }));
  if (signsData) signingParts.push({ packet: primary, subkeyPackets: null, expiresAt });
  if (signingParts.length === 0)
    throw new SigningKeyRefusedError(
      'No part of this key may sign data: it is for encryption or certification only, or what allows it to sign is ' +
        'missing, revoked, or uses SHA-1 or MD5. Use a key that may sign.',
    );
  return { library, algorithm, primary, revocations: await revocations(library, key), identity, expiresAt, signingParts };
}

/** The parts that may sign now. @throws SigningKeyRefusedError when all have expired */
export function validSigningParts({ signingParts, expiresAt }: CleanKey): SigningPart[] {
  const now = new Date();
  const valid = signingParts.filter((part) => part.expiresAt === null || part.expiresAt > now);
  if (valid.length > 0) return valid;
  const ends = signingParts.map((part) => part.expiresAt).concat(expiresAt);
  const end = ends.reduce((last, each) => (last === null || (each !== null && each > last) ? each : last), null);
  throw new SigningKeyRefusedError(
    `This key expired at ${end?.toISOString() ?? 'an unknown time'}. Extend it (\`gpg --quick-set-expire\`) and export it ` +
      'again, or use another key.',
  );
}

/** What is known about a key and given to clients. `parts` are those that decide when it expires. */
export function describeKey(key: CleanKey, parts: SigningPart[]): PgpPublicKey {
  const { library, primary, revocations, identity, signingParts } = key;
  const subkeys = signingParts.flatMap(({ subkeyPackets }) => subkeyPackets ?? []);
  const whole = construct(library, [primary, ...revocations, ...identity, ...subkeys]);
  const ends = parts.map(({ expiresAt }) => expiresAt?.getTime() ?? Infinity);
  const end = Math.max(...ends);
  return {
    keyId: primary.getKeyID().toHex().toUpperCase(),
    fingerprint: primary.getFingerprint().toUpperCase(),
    algorithm: key.algorithm,
    publicKey: whole.toPublic().armor(),
    isRevoked: revocations.length > 0,
    expiresAt: end === Infinity ? null : new Date(end).toISOString(),
  };
}
