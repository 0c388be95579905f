import type { SignaturePacket } from 'openpgp';
import { type CleanKey, readCleanKey } from './clean-key';
import { armorLabels } from './key-armor';
import { openPgp, type OpenPgpLibrary } from './openpgp-library';
import { SigningKeyRefusedError } from './pgp.errors';
import { created, isSignedBy } from './signature-check';

const MAX_SIGNATURE_BYTES = 64 * 1024;
/** Each makes the bytes be hashed again. */
const MAX_SIGNATURES = 16;

/** Which key made a signature, and the signature as clients want it: binary, alone. */
export interface FoundSigner {
  fingerprint: string;
  signature: Buffer;
}

/**
 * Finds out which of the keys made a detached signature over exactly these bytes, at a time at which the key was valid.
 * Null when none did: also for a revoked key, a signature dated outside the life of its key or made with a weak hash
 * function, and for what is no detached signature of at most 64 KiB. A key that cannot be read has made none.
 * @param signature binary or armoured
 */
export async function findSigner(
  bytes: Buffer,
  signature: Buffer,
  keys: { fingerprint: string; publicKey: string }[],
): Promise<FoundSigner | null> {
  const library = await openPgp();
  const signatures = await readSignatures(library, signature);
  if (signatures.length === 0) return null;
  const message = await library.createMessage({ binary: bytes });
  const data = message.packets.findPacket(library.enums.packet.literalData)!;
  for (const { fingerprint, publicKey } of keys) {
    const key = await readStoredKey(publicKey);
    if (key === null || key.revocations.length > 0) continue;
    for (const each of signatures)
      if (await isMadeBy(key, each, data)) return { fingerprint, signature: toBinary(library, each) };
  }
  return null;
}

async function readStoredKey(publicKey: string): Promise<CleanKey | null> {
  try {
    return await readCleanKey(publicKey, 'public');
  } catch (error) {
    if (error instanceof SigningKeyRefusedError) return null;
    throw error;
  }
}

async function readSignatures(library: OpenPgpLibrary, signature: Buffer): Promise<SignaturePacket[]> {
  if (signature.length === 0 || signature.length > MAX_SIGNATURE_BYTES) return [];
  const text = signature.toString('latin1');
  try {
    const { packets } = await (armorLabels(text).length === 1
      ? library.readSignature({ armoredSignature: text })
      : library.readSignature({ binarySignature: signature }));
    const { SignaturePacket } = library;
    const found = packets.filter((packet) => packet instanceof SignaturePacket && isAcceptedKind(library, packet));
    return found.length > MAX_SIGNATURES ? [] : found;
  } catch {
    return []; // Not a detached signature.
  }
}

/** The kinds that clients were seen to accept; text ones are hashed with CRLF for line ends. */
function isAcceptedKind(
  { enums }: OpenPgpLibrary,
  { version, signatureType, hashAlgorithm }: SignaturePacket,
): boolean {
  const types: unknown[] = [enums.signature.binary, enums.signature.text];
  const hashes: unknown[] = [enums.hash.sha256, enums.hash.sha384, enums.hash.sha512];
  return version === 4 && types.includes(signatureType) && hashes.includes(hashAlgorithm);
}

async function isMadeBy(key: CleanKey, signature: SignaturePacket, data: object): Promise<boolean> {
  const part = key.signingParts.find(({ packet }) => packet.getKeyID().equals(signature.issuerKeyID));
  if (part === undefined || signature.signatureType === null) return false;
  const made = created(signature);
  if (made < part.packet.created.getTime() || made < key.primary.created.getTime()) return false;
  if (part.expiresAt !== null && made >= part.expiresAt.getTime()) return false;
  return isSignedBy(key.library, part.packet, signature, signature.signatureType, data);
}

function toBinary(library: OpenPgpLibrary, packet: SignaturePacket): Buffer {
  const list = new library.PacketList<SignaturePacket>();
  list.push(packet);
  return Buffer.from(list.write());
}
