import type { AnyPacket, Key, SignaturePacket, User } from 'openpgp';
import { assembleKey } from './key-assembly';
import type { OpenPgpLibrary } from './openpgp-library';
import { SigningKeyRefusedError } from './pgp.errors';
import { allowsSigning, isSignedBy, latestDate } from './signature-check';

export interface ValidUsers {
  /** Each user id that counts, followed by the key's own signatures on it. */
  packets: AnyPacket[];
  /** The primary key itself may sign data, not only certify. */
  signsData: boolean;
}

/**
 * Finds the user ids that the key has signed itself and not revoked. Pictures and signatures by others are left out.
 * @throws SigningKeyRefusedError when there is none
 */
export async function readValidUsers(library: OpenPgpLibrary, key: Key): Promise<ValidUsers> {
  const packets: AnyPacket[] = [];
  let isWeak = false;
  for (const user of key.users) {
    if (user.userID === null || (await isRevoked(library, key, user))) continue;
    const strong = await ownSignatures(library, key, user, 'strong');
    if (strong.length > 0) packets.push(user.userID, ...strong);
    else isWeak ||= (await ownSignatures(library, key, user, 'any')).length > 0;
  }
  if (packets.length === 0) throw noUser(key, isWeak);
  const { selfCertification } = await assembleKey(library, [key.keyPacket, ...packets]).getPrimaryUser(latestDate());
  return { packets, signsData: allowsSigning(library, selfCertification) };
}

async function ownSignatures(
  library: OpenPgpLibrary,
  key: Key,
  user: User,
  hashes: 'strong' | 'any',
): Promise<SignaturePacket[]> {
  const data = { userID: user.userID, key: key.keyPacket };
  const { certGeneric, certPositive } = library.enums.signature;
  const valid: SignaturePacket[] = [];
  for (const signature of user.selfCertifications) {
    // Older releases of the clients' library look at these two kinds only.
    const type = [certGeneric, certPositive].find((each) => each === signature.signatureType);
    if (type === undefined) continue;
    if (await isSignedBy(library, key.keyPacket, signature, type, data, hashes)) valid.push(signature);
  }
  return valid;
}

async function isRevoked(library: OpenPgpLibrary, key: Key, user: User): Promise<boolean> {
  const data = { userID: user.userID, key: key.keyPacket };
  const type = library.enums.signature.certRevocation;
  for (const signature of user.revocationSignatures)
    if (await isSignedBy(library, key.keyPacket, signature, type, data, 'any')) return true;
  return false;
}

function noUser(key: Key, isWeak: boolean): SigningKeyRefusedError {
  if (key.getUserIDs().length === 0)
    return new SigningKeyRefusedError('This key has no user id, and terraform cannot read such a key. Add one.');
  if (isWeak)
    return new SigningKeyRefusedError(
      'This key signs its user id with SHA-1 or MD5 only, which can be forged. Sign it anew with SHA-256 or stronger, ' +
        'such as by extending it with gpg 2, or use another key.',
    );
  return new SigningKeyRefusedError(
    "The key's own signature on its user id is missing, revoked, expired or damaged. Export the key again, with it.",
  );
}
