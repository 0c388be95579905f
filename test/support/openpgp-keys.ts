import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as openpgp from 'openpgp';

export interface KeyPair {
  privateKey: string;
  publicKey: string;
  /** The public key with its revocation. */
  revokedKey: string;
  /** In upper case. */
  fingerprint: string;
}

export interface KeyOptions {
  passphrase?: string;
  /** Default: `ed25519Legacy`, the fastest that every client accepts. */
  kind?: 'ed25519Legacy' | 'nistP256' | 'curve25519' | 'curve448' | 'v6';
}

/** Makes a key of somebody who signs. */
export async function generateKey({ passphrase, kind = 'ed25519Legacy' }: KeyOptions = {}): Promise<KeyPair> {
  const type = {
    ed25519Legacy: { type: 'ecc', curve: 'ed25519Legacy' },
    nistP256: { type: 'ecc', curve: 'nistP256' },
    curve25519: { type: 'curve25519' },
    curve448: { type: 'curve448' },
    v6: { type: 'curve25519', config: { v6Keys: true } },
  }[kind] as Partial<Parameters<typeof openpgp.generateKey>[0]>;
  const { privateKey, publicKey, revocationCertificate } = await openpgp.generateKey({
    ...type,
    userIDs: [{ name: 'Somebody', email: 'somebody@plomada.test' }],
    format: 'armored',
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const key = await openpgp.readKey({ armoredKey: publicKey });
  const revoked = await openpgp.revokeKey({ key, revocationCertificate, format: 'armored' });
  return {
    privateKey,
    publicKey,
    revokedKey: revoked.publicKey,
    fingerprint: key.getFingerprint().toUpperCase(),
  };
}

/** A detached signature: binary, or armoured. */
export async function detachedSignature(bytes: Buffer, key: KeyPair, format: 'binary' | 'armored'): Promise<Buffer> {
  const options = {
    message: await openpgp.createMessage({ binary: new Uint8Array(bytes) }),
    signingKeys: await openpgp.readPrivateKey({ armoredKey: key.privateKey }),
    detached: true as const,
  };
  return format === 'binary'
    ? Buffer.from(await openpgp.sign({ ...options, format: 'binary' }))
    : Buffer.from(await openpgp.sign({ ...options, format: 'armored' }));
}

/** Whether the key made this binary signature over exactly these bytes, as the library sees it. */
export async function isSignatureOf(bytes: Buffer, signature: Buffer, publicKey: string): Promise<boolean> {
  const { signatures } = await openpgp.verify({
    message: await openpgp.createMessage({ binary: new Uint8Array(bytes) }),
    signature: await openpgp.readSignature({ binarySignature: new Uint8Array(signature) }),
    verificationKeys: await openpgp.readKey({ armoredKey: publicKey }),
  });
  return Promise.all(signatures.map(({ verified }) => verified)).then(
    (all) => all.length > 0,
    () => false,
  );
}

/** The same question to GnuPG. @returns what it says on its status channel */
export async function askGnupg(bytes: Buffer, signature: Buffer, publicKey: string): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'plomada-gpg-'));
  const gpg = ['--homedir', home, '--batch', '--no-autostart', '--status-fd', '1'];
  try {
    const file = (name: string, content: Buffer | string): string => {
      writeFileSync(join(home, name), content);
      return join(home, name);
    };
    await promisify(execFile)('gpg', [...gpg, '--import', file('key.asc', publicKey)]);
    const files = [file('sums.sig', signature), file('sums', bytes)];
    const { stdout } = await promisify(execFile)('gpg', [...gpg, '--verify', ...files]).catch(
      (error: { stdout: string }) => error,
    );
    return stdout;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
