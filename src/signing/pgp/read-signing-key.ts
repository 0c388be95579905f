import { randomBytes } from 'node:crypto';
import type { SecretKeyPacket, SecretSubkeyPacket } from 'openpgp';
import { type CleanKey, readCleanKey, type SigningPart } from './clean-key';
import { findSigner } from './find-signer';
import { assembleKey } from './key-assembly';
import { describeKey, validSigningParts } from './key-description';
import type { PgpSigningKey } from './pgp-key';
import { SigningKeyRefusedError } from './pgp.errors';
import { signDetached } from './sign-detached';

type SecretPacket = SecretKeyPacket | SecretSubkeyPacket;

/**
 * Checks a private key and opens it. Of its secrets only the one that signs is kept, so a primary key that is
 * elsewhere (`gpg --export-secret-subkeys`) is no hindrance.
 * @param armored exactly one key, at most 64 KiB
 * @param passphrase what the key is protected with; not looked at when it is not protected
 * @throws SigningKeyRefusedError when it cannot be opened, is revoked or expired, or a client could not use it
 */
export async function readSigningKey(armored: string, passphrase: string | undefined): Promise<PgpSigningKey> {
  const key = await readCleanKey(armored, 'private');
  if (key.revocations.length > 0)
    throw new SigningKeyRefusedError('This key is revoked: clients refuse everything it has signed. Use another key.');
  const part = pickSecret(validSigningParts(key));
  await unlock(part.packet as SecretPacket, passphrase);
  const description = describeKey(key, [part]);
  const signingKey = { ...description, privateKey: privateArmor(key, part) };
  await assertItSigns(signingKey);
  return signingKey;
}

/** The newest subkey whose secret is there, else the primary key: what gpg would take. */
function pickSecret(parts: SigningPart[]): SigningPart {
  const usable = parts
    .filter(({ packet }) => !(packet as SecretPacket).isMissingSecretKeyMaterial())
    .sort(
      (a, b) =>
        Number(b.subkeyPackets !== null) - Number(a.subkeyPackets !== null) ||
        b.packet.created.getTime() - a.packet.created.getTime(),
    );
  if (usable[0] === undefined)
    throw new SigningKeyRefusedError(
      'The secret part of this private key is not in it: it is on a smart card or another computer. Export the key ' +
        'where its secret is: `gpg --armor --export-secret-keys KEY-ID`.',
    );
  return usable[0];
}

async function unlock(packet: SecretPacket, passphrase: string | undefined): Promise<void> {
  if (packet.isDecrypted()) return;
  if (passphrase === undefined || passphrase === '')
    throw new SigningKeyRefusedError('This private key is protected with a passphrase. Give it with the key.');
  try {
    await packet.decrypt(passphrase);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Incorrect key passphrase'))
      throw new SigningKeyRefusedError('The passphrase is not the one this private key is protected with.');
    throw new SigningKeyRefusedError(
      'This private key is protected in a way that cannot be opened here, such as Argon2, or it is damaged. Remove its ' +
        'passphrase before you export it, or protect it with gpg.',
    );
  }
}

function privateArmor({ library, primary, identity }: CleanKey, part: SigningPart): string {
  if (part.subkeyPackets !== null) (primary as SecretKeyPacket).makeDummy();
  return assembleKey(library, [primary, ...identity, ...(part.subkeyPackets ?? [])]).armor();
}

/** The secret and the public part belong together, and what they sign is what `findSigner` and clients accept. */
async function assertItSigns(key: PgpSigningKey): Promise<void> {
  const probe = randomBytes(32);
  const signature = await signDetached(key, probe).catch(() => null);
  if (signature === null || (await findSigner(probe, signature, [key])) === null)
    throw new SigningKeyRefusedError(
      'This private key is damaged: what it signs does not fit its public part. Export it again, or use another key.',
    );
}
