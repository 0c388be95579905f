import type { AnyPacket, Key, PacketList, SignaturePacket, Subkey, UnparseablePacket } from 'openpgp';
import { acceptedAlgorithm, hasOneForm, keyKind, unparsedKeyKind } from './key-algorithm';
import { type KeySide, packetTag, readKeyPackets, unreadableKey } from './key-armor';
import { assembleKey } from './key-assembly';
import { openPgp, type OpenPgpLibrary } from './openpgp-library';
import { SigningKeyRefusedError } from './pgp.errors';
import { isSignedBy, latestDate } from './signature-check';
import { readSigningSubkeys } from './signing-subkeys';
import { readValidUsers } from './valid-users';

/** A part of a key that may sign, or might until it expired. */
export interface SigningPart {
  packet: Key['keyPacket'] | Subkey['keyPacket'];
  /** The packets of a subkey with its binding signatures; null for the primary key. */
  subkeyPackets: AnyPacket[] | null;
  /** Null for never. */
  expiresAt: Date | null;
}

/** A key whose every signature has been verified; what is invalid, or of no use to clients, is gone. */
export interface CleanKey {
  library: OpenPgpLibrary;
  /** Of the primary key, as `PgpPublicKey` has it. */
  algorithm: string;
  primary: Key['keyPacket'];
  /** The key's signatures that revoke it as a whole. */
  revocations: SignaturePacket[];
  /** The signatures on the primary key alone, then the user ids, each with the key's signatures on it. */
  identity: AnyPacket[];
  /** At least one. */
  signingParts: SigningPart[];
}

/**
 * Reads exactly one key of a kind that clients understand, whether or not it is revoked or expired. Leaves out
 * subkeys that cannot sign or are revoked, signatures by others, pictures, and revoked user ids: a client may stumble
 * over each of them, and needs none.
 * @throws SigningKeyRefusedError
 */
export async function readCleanKey(armored: string, side: KeySide): Promise<CleanKey> {
  const packets = await readKeyPackets(armored, side);
  const library = await openPgp();
  const algorithm = primaryAlgorithm(library, packets, side);
  const key = structure(library, packets, side);
  const primary = key.keyPacket;
  if (primary.created > latestDate())
    throw new SigningKeyRefusedError(
      `This key is not valid before ${primary.created.toISOString()}. Check the clock of the computer that made it.`,
    );
  const users = await readValidUsers(library, key);
  const identity = [...(await directSignatures(library, key)), ...users.packets];
  const end = await assembleKey(library, [primary, ...identity]).getExpirationTime();
  const expiresAt = end instanceof Date ? end : null;
  const subkeys = await readSigningSubkeys(library, key);
  const signingParts: SigningPart[] = subkeys.map((part) => ({
    ...part,
    expiresAt: earlier(part.expiresAt, expiresAt),
  }));
  if (users.signsData) signingParts.push({ packet: primary, subkeyPackets: null, expiresAt });
  if (signingParts.length === 0)
    throw new SigningKeyRefusedError(
      'No part of this key may sign data: it is for encryption or certification only, or what lets it sign is missing, ' +
        'revoked, or made with SHA-1 or MD5. Use a key that may sign.',
    );
  return { library, algorithm, primary, revocations: await revocations(library, key), identity, signingParts };
}

function primaryAlgorithm(library: OpenPgpLibrary, packets: PacketList<AnyPacket>, side: KeySide): string {
  const { publicKey, secretKey } = library.enums.packet;
  const primary = packets.find((packet) => [publicKey, secretKey].includes(packetTag(packet, library)));
  if (primary instanceof library.PublicKeyPacket || primary instanceof library.SecretKeyPacket)
    return acceptedAlgorithm(keyKind(primary), 'This key');
  const kind = unparsedKeyKind(primary as UnparseablePacket);
  if (hasOneForm(kind)) throw unreadableKey(side);
  return acceptedAlgorithm(kind, 'This key');
}

function structure(library: OpenPgpLibrary, packets: PacketList<AnyPacket>, side: KeySide): Key {
  try {
    return assembleKey(library, packets);
  } catch {
    throw unreadableKey(side); // Such as public subkeys of a private key.
  }
}

async function directSignatures(library: OpenPgpLibrary, key: Key): Promise<SignaturePacket[]> {
  const type = library.enums.signature.key;
  const valid: SignaturePacket[] = [];
  for (const packet of key.toPacketList())
    if (packet instanceof library.SignaturePacket && packet.signatureType === type)
      if (await isSignedBy(library, key.keyPacket, packet, type, { key: key.keyPacket })) valid.push(packet);
  return valid;
}

async function revocations(library: OpenPgpLibrary, key: Key): Promise<SignaturePacket[]> {
  const type = library.enums.signature.keyRevocation;
  const valid: SignaturePacket[] = [];
  for (const signature of key.revocationSignatures)
    if (await isSignedBy(library, key.keyPacket, signature, type, { key: key.keyPacket }, 'any')) valid.push(signature);
  return valid;
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
