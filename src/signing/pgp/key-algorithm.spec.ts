import { acceptedAlgorithm, type KeyKind } from './key-algorithm';
import { SigningKeyRefusedError } from './pgp.errors';

const E_65537 = Uint8Array.of(1, 0, 1);
const rsa = (bits: number, exponent = E_65537, algorithm = 1): KeyKind => ({ version: 4, algorithm, bits, exponent });

describe('acceptedAlgorithm', () => {
  it.each<[KeyKind, string]>([
    [rsa(2048), 'rsa2048'],
    [rsa(3072, Uint8Array.of(41)), 'rsa3072'],
    [rsa(8192, Uint8Array.of(3), 3), 'rsa8192'],
    [{ version: 4, algorithm: 22, curve: 'ed25519Legacy' }, 'ed25519Legacy'],
    [{ version: 4, algorithm: 19, curve: 'nistP256' }, 'nistP256'],
    [{ version: 4, algorithm: 19, curve: 'nistP384' }, 'nistP384'],
    [{ version: 4, algorithm: 19, curve: 'nistP521' }, 'nistP521'],
  ])('accepts %j', (kind, name) => {
    expect(acceptedAlgorithm(kind, 'This key')).toBe(name);
  });

  it.each<[KeyKind, RegExp]>([
    [rsa(2047), /2047 bits, which is too weak/],
    [rsa(8193), /Use RSA with 2048 to 8192 bits/],
    [rsa(4096, Uint8Array.of(1)), /public exponent/],
    [rsa(4096, Uint8Array.of(4)), /public exponent/],
    [rsa(4096, Uint8Array.of()), /public exponent/],
    [rsa(4096, Uint8Array.of(1, 0, 0, 1)), /public exponent/],
    [rsa(4096, E_65537, 2), /RSA for encryption only/],
    [{ ...rsa(4096), version: 3 }, /has version 3, which terraform and tofu cannot read/],
    [{ ...rsa(4096), version: 5 }, /has version 5, which terraform and tofu cannot read/],
    [{ ...rsa(4096), version: 6 }, /has version 6, which terraform and tofu cannot read/],
    [{ version: 4, algorithm: 16, bits: 4096 }, /ElGamal/],
    [{ version: 4, algorithm: 17, bits: 3072 }, /DSA/],
    [{ version: 4, algorithm: 18, curve: 'nistP256' }, /ECDH/],
    [{ version: 4, algorithm: 19, curve: 'secp256k1' }, /ECDSA on secp256k1/],
    [{ version: 4, algorithm: 19 }, /ECDSA on another curve/],
    [{ version: 4, algorithm: 27 }, /curve25519, algorithm 27/],
    [{ version: 4, algorithm: 28 }, /curve448/],
    [{ version: 4, algorithm: 107 }, /algorithm 107/],
  ])('refuses %j', (kind, reason) => {
    const attempt = () => acceptedAlgorithm(kind, 'This key');
    expect(attempt).toThrow(SigningKeyRefusedError);
    expect(attempt).toThrow(reason);
  });
});
