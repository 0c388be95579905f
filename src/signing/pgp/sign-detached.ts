import type { PrivateKey } from 'openpgp';
import { openPgp } from './openpgp-library';
import { SigningKeyRefusedError } from './pgp.errors';

/**
 * A binary detached OpenPGP signature over exactly these bytes, with SHA-256 or stronger: what clients want of
 * `SHA256SUMS.sig`. Dated now.
 * @param key one that `generateSigningKey` or `readSigningKey` has made
 * @throws SigningKeyRefusedError when the key has expired since
 */
export async function signDetached(key: { privateKey: string }, bytes: Buffer): Promise<Buffer> {
  const library = await openPgp();
  const privateKey = await library.readPrivateKey({ armoredKey: key.privateKey });
  const date = signingDate(privateKey);
  try {
    await privateKey.getSigningKey(undefined, date);
  } catch {
    throw new SigningKeyRefusedError(
      'This signing key cannot sign any more: it has expired. Make or import another one.',
    );
  }
  const signature = await library.sign({
    message: await library.createMessage({ binary: bytes }),
    signingKeys: privateKey,
    detached: true,
    format: 'binary',
    date,
    // Every client has it, whatever the key says it prefers. Curves that need a longer one get it.
    config: { preferredHashAlgorithm: library.enums.hash.sha256 },
  });
  return Buffer.from(signature);
}

/** Now, but not before the key or a signature in it was made: the clock of who made them may be ahead by seconds. */
function signingDate(key: PrivateKey): Date {
  const times = key.toPacketList().map((packet) => ('created' in packet ? (packet.created?.getTime() ?? 0) : 0));
  return new Date(Math.max(Date.now(), ...times));
}
