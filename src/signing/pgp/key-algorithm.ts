import type { AnyKeyPacket, UnparseablePacket } from 'openpgp';
import { SigningKeyRefusedError, USE_INSTEAD } from './pgp.errors';

/** What decides whether clients can read a key or subkey. */
export interface KeyKind {
  version: number;
  /** The number of the public-key algorithm, RFC 9580 section 9.1. */
  algorithm: number;
  curve?: string | undefined;
  bits?: number | undefined;
  /** RSA: the public exponent, big-endian. */
  exponent?: Uint8Array | undefined;
}

const RSA = 1;
const RSA_SIGN_ONLY = 3;
const ECDSA = 19;
const EDDSA_LEGACY = 22;

const MIN_RSA_BITS = 2048;
/** The most that gpg makes. Larger ones make every verification slow, here and at the clients. */
const MAX_RSA_BITS = 8192;
const CURVES = ['nistP256', 'nistP384', 'nistP521'];

const OTHER_ALGORITHMS: Record<number, string> = {
  2: 'RSA for encryption only',
  16: 'ElGamal',
  17: 'DSA',
  18: 'ECDH',
  25: 'X25519',
  26: 'X448',
  27: 'Ed25519 in its new form (curve25519, algorithm 27 of RFC 9580)',
  28: 'Ed448 (curve448)',
};

/** Takes the kind from a key packet that the library understands. */
export function keyKind(packet: AnyKeyPacket): KeyKind {
  const { bits, curve } = packet.getAlgorithmInfo();
  const { e } = packet.publicParams as { e?: Uint8Array };
  return { version: packet.version, algorithm: packet.algorithm, bits, curve, exponent: e };
}

/** Takes the kind from a key packet that the library does not understand, RFC 9580 section 5.5.2. */
export function unparsedKeyKind(packet: UnparseablePacket): KeyKind {
  const body = packet.write();
  const version = body[0] ?? 0;
  // Version 2 and 3 keys have two octets more before the algorithm.
  return { version, algorithm: body[version < 4 ? 7 : 5] ?? 0 };
}

/** A kind with nothing unknown about it, such as curves: if it cannot be read, it is damaged. */
export function hasOneForm({ version, algorithm }: KeyKind): boolean {
  return version === 4 && [RSA, RSA_SIGN_ONLY, EDDSA_LEGACY].includes(algorithm);
}

/**
 * The name of a kind of key that every client reads: `rsa4096`, `ed25519Legacy`, `nistP256` and the like. What they
 * read was measured with terraform 1.11.4; older releases of tofu read the same or less.
 * @param subject how a message begins: `This key`, `A signing subkey of this key`
 * @throws SigningKeyRefusedError
 */
export function acceptedAlgorithm(kind: KeyKind, subject: string): string {
  if (kind.version !== 4)
    throw new SigningKeyRefusedError(
      `${subject} has version ${kind.version}, which terraform and tofu cannot read. ${USE_INSTEAD}`,
    );
  if (kind.algorithm === RSA || kind.algorithm === RSA_SIGN_ONLY) return acceptedRsa(kind, subject);
  if (kind.algorithm === EDDSA_LEGACY && kind.curve === 'ed25519Legacy') return kind.curve;
  if (kind.algorithm === ECDSA && kind.curve !== undefined && CURVES.includes(kind.curve)) return kind.curve;
  throw new SigningKeyRefusedError(
    `${subject} is of the kind ${nameOf(kind)}, which terraform and tofu cannot read or do not trust. ${USE_INSTEAD}`,
  );
}

function acceptedRsa({ bits = 0, exponent }: KeyKind, subject: string): string {
  if (bits < MIN_RSA_BITS)
    throw new SigningKeyRefusedError(`${subject} is RSA with ${bits} bits, which is too weak. ${USE_INSTEAD}`);
  if (bits > MAX_RSA_BITS)
    throw new SigningKeyRefusedError(
      `${subject} is RSA with ${bits} bits. Use RSA with ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits.`,
    );
  // The clients' library refuses more than three octets ("large public exponent").
  const e = exponent === undefined || exponent.length > 3 ? 0 : exponent.reduce((sum, octet) => sum * 256 + octet, 0);
  if (e < 3 || e % 2 === 0)
    throw new SigningKeyRefusedError(
      `${subject} is RSA with an unusual public exponent, which terraform and tofu cannot read. ${USE_INSTEAD}`,
    );
  return `rsa${bits}`;
}

function nameOf({ algorithm, curve }: KeyKind): string {
  if (algorithm === ECDSA) return `ECDSA on ${curve ?? 'another curve'}`;
  return OTHER_ALGORITHMS[algorithm] ?? `algorithm ${algorithm}`;
}
