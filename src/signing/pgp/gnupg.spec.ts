import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as openpgp from 'openpgp';
import { findSigner, generateSigningKey, readPublicKey, readSigningKey, signDetached } from './index';

const hasGpg = spawnSync('gpg', ['--version']).status === 0;
// Shown as skipped where there is no gpg.
const withGpg = hasGpg ? describe : describe.skip;

const PASSPHRASE = 'correct horse battery staple';
const SUMS = Buffer.from(`${'0f'.repeat(32)}  terraform-provider-x_1.0.0_linux_amd64.zip\n`);

/** A gpg of its own: keys and agent live in a temporary directory. */
class PrivateGpg {
  readonly home = mkdtempSync(join(tmpdir(), 'plomada-gpg-'));

  run(args: string[], input?: Buffer | string, passphrase = ''): Buffer {
    const common = ['--homedir', this.home, '--batch', '--quiet', '--no-tty', '--pinentry-mode', 'loopback'];
    return execFileSync('gpg', [...common, '--passphrase', passphrase, ...args], {
      input: input ?? '',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Makes a key with one user id and gives its fingerprint. */
  make(name: string, algorithm: string, usage = 'sign', passphrase = ''): string {
    this.run(['--quick-generate-key', name, algorithm, usage, 'never'], undefined, passphrase);
    const listing = this.run(['--with-colons', '--list-keys', `=${name}`]).toString();
    return /^fpr:+([0-9A-F]{40}):/m.exec(listing)![1]!;
  }

  /** What gpg says of a detached signature, as status lines. */
  verify(publicKey: string, signature: Buffer, bytes: Buffer): string {
    this.run(['--import'], publicKey);
    const [bytesFile, signatureFile] = [join(this.home, 'bytes'), join(this.home, 'bytes.sig')];
    writeFileSync(bytesFile, bytes);
    writeFileSync(signatureFile, signature);
    const args = ['--homedir', this.home, '--batch', '--status-fd', '1', '--verify', signatureFile, bytesFile];
    return spawnSync('gpg', args).stdout.toString();
  }

  close(): void {
    spawnSync('gpgconf', ['--homedir', this.home, '--kill', 'gpg-agent']);
    rmSync(this.home, { recursive: true, force: true });
  }
}

withGpg('with keys of GnuPG', () => {
  let publisher: PrivateGpg;
  let client: PrivateGpg;

  beforeAll(() => {
    publisher = new PrivateGpg();
    client = new PrivateGpg();
  });
  afterAll(() => {
    publisher.close();
    client.close();
  });

  function secretKey(fingerprint: string, passphrase = '', command = '--export-secret-keys'): string {
    return publisher.run(['--armor', command, fingerprint], undefined, passphrase).toString();
  }

  async function expectGoodSignature(key: { publicKey: string; privateKey: string; keyId: string }): Promise<string> {
    const signature = await signDetached(key, SUMS);
    const good = client.verify(key.publicKey, signature, SUMS);
    expect(good).toContain('[GNUPG:] GOODSIG ');
    expect(client.verify(key.publicKey, signature, Buffer.from('other bytes'))).toContain('[GNUPG:] BADSIG ');
    return good;
  }

  it('signs what gpg calls good with a protected key, without its encryption subkey', async () => {
    const fingerprint = publisher.make('Protected', 'rsa2048', 'sign,cert', PASSPHRASE);
    publisher.run(['--quick-add-key', fingerprint, 'rsa2048', 'encr', 'never'], undefined, PASSPHRASE);
    const exported = secretKey(fingerprint, PASSPHRASE);
    expect((await openpgp.readKey({ armoredKey: exported })).subkeys).toHaveLength(1);
    const key = await readSigningKey(exported, PASSPHRASE);
    expect(key).toMatchObject({ fingerprint, keyId: fingerprint.slice(24), algorithm: 'rsa2048' });
    expect((await openpgp.readKey({ armoredKey: key.publicKey })).subkeys).toHaveLength(0);
    expect(await expectGoodSignature(key)).toContain(`GOODSIG ${key.keyId} Protected`);
    await expect(readSigningKey(exported, 'wrong')).rejects.toThrow(/^The passphrase is not the one/);
    await expect(readSigningKey(exported, undefined)).rejects.toThrow(/protected with a passphrase/);
  });

  it.each([
    ['ed25519', 'ed25519Legacy'],
    ['nistp256', 'nistP256'],
    ['nistp384', 'nistP384'],
    ['nistp521', 'nistP521'],
    ['rsa3072', 'rsa3072'],
  ])('reads %s of gpg, and each finds the signatures of the other', async (gpgName, algorithm) => {
    const fingerprint = publisher.make(`Key ${gpgName}`, gpgName);
    const key = await readSigningKey(secretKey(fingerprint), undefined);
    expect(key).toMatchObject({ fingerprint, algorithm, expiresAt: null });
    await expectGoodSignature(key);
    const published = await readPublicKey(publisher.run(['--armor', '--export', fingerprint]).toString());
    const binary = publisher.run(['--local-user', fingerprint, '--detach-sign'], SUMS);
    const found = await findSigner(SUMS, binary, [published]);
    expect(found?.fingerprint).toBe(fingerprint);
    expect(client.verify(published.publicKey, found!.signature, SUMS)).toContain('[GNUPG:] GOODSIG ');
    for (const option of ['--armor', '--textmode']) {
      const other = publisher.run(['--local-user', fingerprint, option, '--detach-sign'], SUMS);
      const signature = (await findSigner(SUMS, other, [published]))!.signature;
      expect(client.verify(published.publicKey, signature, SUMS)).toContain('[GNUPG:] GOODSIG ');
    }
    const inline = publisher.run(['--local-user', fingerprint, '--sign'], SUMS);
    expect(await findSigner(SUMS, inline, [published])).toBeNull();
  });

  it('signs with a subkey exported without its primary secret', async () => {
    const fingerprint = publisher.make('Split', 'ed25519', 'cert', PASSPHRASE);
    publisher.run(['--quick-add-key', fingerprint, 'ed25519', 'sign', '1y'], undefined, PASSPHRASE);
    publisher.run(['--quick-add-key', fingerprint, 'cv25519', 'encr', 'never'], undefined, PASSPHRASE);
    const key = await readSigningKey(secretKey(fingerprint, PASSPHRASE, '--export-secret-subkeys'), PASSPHRASE);
    expect(key.fingerprint).toBe(fingerprint);
    expect(Date.parse(key.expiresAt!) - Date.now()).toBeGreaterThan(360 * 86_400_000);
    expect((await openpgp.readKey({ armoredKey: key.publicKey })).subkeys).toHaveLength(1);
    await expectGoodSignature(key);
  });

  it.each([
    ['dsa2048', /of the kind DSA/],
    ['secp256k1', /ECDSA on secp256k1/],
    ['brainpoolP256r1', /ECDSA on brainpoolP256r1/],
    ['rsa1024', /1024 bits, which is too weak/],
  ])('refuses %s', async (gpgName, reason) => {
    const fingerprint = publisher.make(`Refused ${gpgName}`, gpgName);
    const published = publisher.run(['--armor', '--export', fingerprint]).toString();
    await expect(readPublicKey(published)).rejects.toThrow(reason);
    await expect(readSigningKey(secretKey(fingerprint), undefined)).rejects.toThrow(reason);
  });

  it('finds a signature that is older than the extension of its key', async () => {
    const fingerprint = publisher.make('Extended', 'ed25519');
    const signature = publisher.run(['--local-user', fingerprint, '--detach-sign'], SUMS);
    publisher.run(['--quick-set-expire', fingerprint, '2y']);
    const options = ['--export-options', 'export-minimal'];
    const published = await readPublicKey(publisher.run(['--armor', ...options, '--export', fingerprint]).toString());
    expect(published.expiresAt).not.toBeNull();
    expect((await findSigner(SUMS, signature, [published]))?.fingerprint).toBe(fingerprint);
  });

  it('knows a key that gpg has revoked', async () => {
    const fingerprint = publisher.make('Revoked', 'ed25519');
    const signature = publisher.run(['--local-user', fingerprint, '--detach-sign'], SUMS);
    const answers = ['y', '0', '', 'y', ''].join('\n');
    const certificate = publisher.run(['--no-batch', '--command-fd', '0', '--gen-revoke', fingerprint], answers);
    publisher.run(['--import'], certificate);
    const published = await readPublicKey(publisher.run(['--armor', '--export', fingerprint]).toString());
    expect(published.isRevoked).toBe(true);
    expect(await findSigner(SUMS, signature, [published])).toBeNull();
  });

  it('signs what gpg calls good with a generated key', async () => {
    const key = await generateSigningKey('Plomada registry, namespace payments');
    expect(await expectGoodSignature(key)).toContain('Plomada registry, namespace payments');
  });
});
