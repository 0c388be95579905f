import type { AnyPacket, Key, SignaturePacket, Subkey } from 'openpgp';
import { acceptedAlgorithm, keyKind } from './key-algorithm';
import type { OpenPgpLibrary } from './openpgp-library';
import { allowsSigning, created, isSignedBy, newest } from './signature-check';

export interface SigningSubkey {
  packet: Subkey['keyPacket'];
  /** The packet with the signatures that bind it to its key. */
  subkeyPackets: AnyPacket[];
  /** Null for never. */
  expiresAt: Date | null;
}

/**
 * Finds the subkeys that may sign, or might until they expired. All others are left out, among them those of new
 * kinds for encryption, which break old clients.
 * @throws SigningKeyRefusedError for one that may sign now and is of a kind that clients cannot read: the tool of its
 * owner would pick it
 */
export async function readSigningSubkeys(library: OpenPgpLibrary, key: Key): Promise<SigningSubkey[]> {
  const found: SigningSubkey[] = [];
  for (const subkey of key.subkeys) {
    const signing = await readSigningSubkey(library, key, subkey);
    if (signing !== null) found.push(signing);
  }
  return found;
}

async function readSigningSubkey(library: OpenPgpLibrary, key: Key, subkey: Subkey): Promise<SigningSubkey | null> {
  const { signature: types } = library.enums;
  const primary = key.keyPacket;
  const data = { key: primary, bind: subkey.keyPacket };
  const bindings: SignaturePacket[] = [];
  for (const signature of subkey.bindingSignatures)
    if (await isSignedBy(library, primary, signature, types.subkeyBinding, data)) bindings.push(signature);
  const binding = newest(bindings);
  if (binding === undefined || !allowsSigning(library, binding)) return null;
  for (const signature of subkey.revocationSignatures)
    if (await isSignedBy(library, primary, signature, types.subkeyRevocation, data, 'any')) return null;
  const expiresAt = subkeyEnd(subkey, binding);
  // Before the subkey's own signature is verified, which takes long with numbers of excessive size.
  if (!isAcceptedUntil(subkey, expiresAt)) return null;
  const own = binding.embeddedSignature;
  if (own === null || !(await isSignedBy(library, subkey.keyPacket, own, types.keyBinding, data))) return null;
  const ordered = bindings.sort((a, b) => created(b) - created(a));
  return { packet: subkey.keyPacket, subkeyPackets: [subkey.keyPacket, ...ordered], expiresAt };
}

/** @throws SigningKeyRefusedError unless it has expired: a key is not lost for what it had once */
function isAcceptedUntil(subkey: Subkey, expiresAt: Date | null): boolean {
  try {
    acceptedAlgorithm(keyKind(subkey.keyPacket), 'A signing subkey of this key');
    return true;
  } catch (error) {
    if (expiresAt === null || expiresAt > new Date()) throw error;
    return false;
  }
}

function subkeyEnd(subkey: Subkey, binding: SignaturePacket): Date | null {
  const seconds = binding.keyExpirationTime ?? 0;
  return seconds === 0 ? null : new Date(subkey.keyPacket.created.getTime() + seconds * 1000);
}
