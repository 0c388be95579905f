import type { AnyKeyPacket, Config, SignaturePacket } from 'openpgp';
import type { OpenPgpLibrary } from './openpgp-library';

/** How far ahead the clock of whoever made a key or signature may be. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** The latest time that something which exists already may be dated. */
export function latestDate(): Date {
  return new Date(Date.now() + CLOCK_SKEW_MS);
}

/** Which hash functions a signature may use. A revocation counts with any of them: it is better believed. */
export type HashRule = 'strong' | 'any';

/** True when `issuer` made the signature over the data, in a past that is not over, with an accepted hash function. */
export async function isSignedBy(
  library: OpenPgpLibrary,
  issuer: AnyKeyPacket,
  signature: SignaturePacket,
  type: Parameters<SignaturePacket['verify']>[1],
  data: object,
  hashes: HashRule = 'strong',
): Promise<boolean> {
  const { md5, ripemd, sha1 } = library.enums.hash;
  const config: Config = {
    ...library.config,
    rejectHashAlgorithms: new Set(hashes === 'any' ? [] : [md5, ripemd, sha1]),
  };
  const isDetached = type === library.enums.signature.binary || type === library.enums.signature.text;
  try {
    await signature.verify(issuer, type, data, latestDate(), isDetached, config);
    return true;
  } catch {
    return false; // The library throws for every reason alike; the callers need no more.
  }
}

/** The signature made last, of those that are valid. */
export function newest(signatures: readonly SignaturePacket[]): SignaturePacket | undefined {
  return signatures.reduce<SignaturePacket | undefined>(
    (best, each) => (best === undefined || created(each) >= created(best) ? each : best),
    undefined,
  );
}

/** Milliseconds since 1970. */
export function created(signature: SignaturePacket): number {
  return signature.created?.getTime() ?? 0;
}

/** Whether a signature of a key on itself lets the key, or subkey, sign data. */
export function allowsSigning(library: OpenPgpLibrary, { keyFlags }: SignaturePacket): boolean {
  return keyFlags !== null && ((keyFlags[0] ?? 0) & library.enums.keyFlags.signData) !== 0;
}
