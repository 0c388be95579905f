import * as openpgp from 'openpgp';
import { findSigner, generateSigningKey, readPublicKey, readSigningKey, signDetached } from './index';
import type { PgpSigningKey } from './index';

const DAY = 86_400_000;
const { sha1, sha224, sha256, sha384, sha512, sha3_256 } = openpgp.enums.hash;
const SUMS = Buffer.from(`${'0f'.repeat(32)}  terraform-provider-x_1.0.0_linux_amd64.zip\n`);

type Options = Partial<openpgp.KeyOptions>;
const ED25519: Options = { type: 'ecc', curve: 'ed25519Legacy' };
const RSA: Options = { type: 'rsa', rsaBits: 2048 };

async function makeKey(options: Options = ED25519): Promise<openpgp.PrivateKey> {
  const { privateKey } = await openpgp.generateKey({
    userIDs: [{ name: 'Publisher' }],
    subkeys: [],
    ...options,
    format: 'object',
  });
  return privateKey;
}

async function makeSigningKey(options?: Options): Promise<PgpSigningKey> {
  return readSigningKey((await makeKey(options)).armor(), undefined);
}

/** A signature that the library would not make by itself, such as one before the key was made. */
async function forge(
  key: openpgp.PrivateKey,
  date: Date,
  hashAlgorithm: openpgp.enums.hash = sha256,
  signer: openpgp.SecretKeyPacket | openpgp.SecretSubkeyPacket = key.keyPacket as openpgp.SecretKeyPacket,
  signatureType = openpgp.enums.signature.binary,
): Promise<Buffer> {
  const packet = new openpgp.SignaturePacket();
  Object.assign(packet, { signatureType, hashAlgorithm, publicKeyAlgorithm: signer.algorithm });
  const message = await openpgp.createMessage({ binary: SUMS });
  const literal = message.packets.findPacket(openpgp.enums.packet.literalData);
  // Declared without the last argument, which the library wants.
  const sign = packet.sign.bind(packet) as (...args: unknown[]) => Promise<void>;
  await sign(signer, literal, date, true, { ...openpgp.config, nonDeterministicSignaturesViaNotation: false });
  const list = new openpgp.PacketList<openpgp.SignaturePacket>();
  list.push(packet);
  return Buffer.from(list.write());
}

function known(key: openpgp.Key): { fingerprint: string; publicKey: string } {
  return { fingerprint: key.getFingerprint().toUpperCase(), publicKey: key.toPublic().armor() };
}

describe('signDetached and findSigner', () => {
  it.each<[string, Options, openpgp.enums.hash]>([
    ['rsa2048', RSA, sha256],
    ['rsa3072', { type: 'rsa', rsaBits: 3072 }, sha256],
    ['ed25519Legacy', ED25519, sha256],
    ['nistP256', { type: 'ecc', curve: 'nistP256' }, sha256],
    ['nistP384', { type: 'ecc', curve: 'nistP384' }, sha384],
    ['nistP521', { type: 'ecc', curve: 'nistP521' }, sha512],
    ['a signing subkey', { ...RSA, subkeys: [{ ...ED25519, sign: true }] as openpgp.SubkeyOptions[] }, sha256],
  ])('go together for %s', async (_, options, least) => {
    const key = await makeSigningKey(options);
    const other = await makeSigningKey();
    const signature = await signDetached(key, SUMS);
    expect(signature[0]! & 0x80).toBe(0x80);
    const [packet] = (await openpgp.readSignature({ binarySignature: signature })).packets;
    expect(packet!.signatureType).toBe(openpgp.enums.signature.binary);
    expect([sha256, sha384, sha512].indexOf(packet!.hashAlgorithm!)).toBeGreaterThanOrEqual(
      [sha256, sha384, sha512].indexOf(least),
    );
    const found = { fingerprint: key.fingerprint, signature };
    expect(await findSigner(SUMS, signature, [other, key])).toEqual(found);
    expect(await findSigner(SUMS, signature, [other])).toBeNull();
    expect(await findSigner(SUMS, signature, [])).toBeNull();
  });

  it('sign with a generated key, RSA-4096 of version 4', async () => {
    const key = await generateSigningKey('Plomada registry, namespace payments');
    expect(key).toMatchObject({ algorithm: 'rsa4096', isRevoked: false, expiresAt: null });
    const made = await openpgp.readPrivateKey({ armoredKey: key.privateKey });
    expect(made.getUserIDs()).toEqual(['Plomada registry, namespace payments']);
    expect([made.keyPacket.version, made.subkeys.length, made.isDecrypted()]).toEqual([4, 0, true]);
    expect(await readSigningKey(key.privateKey, undefined)).toEqual(key);
    const signature = await signDetached(key, SUMS);
    expect(await findSigner(SUMS, signature, [key])).toEqual({ fingerprint: key.fingerprint, signature });
  });

  it('sign no bytes at all, and every octet', async () => {
    const key = await makeSigningKey();
    for (const bytes of [Buffer.alloc(0), Buffer.from(Array.from({ length: 256 }, (_, octet) => octet))]) {
      const signature = await signDetached(key, bytes);
      expect((await findSigner(bytes, signature, [key]))?.fingerprint).toBe(key.fingerprint);
      expect(await findSigner(Buffer.concat([bytes, Buffer.of(10)]), signature, [key])).toBeNull();
    }
  });

  it('date a signature now, or with the key if its clock was ahead', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const dateOf = async (signature: Buffer): Promise<number> =>
      (await openpgp.readSignature({ binarySignature: signature })).packets[0]!.created!.getTime();
    const now = await dateOf(await signDetached(await makeSigningKey({ ...ED25519, date: new Date(0) }), SUMS));
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
    const ahead = new Date(before + 60_000);
    const key = await makeSigningKey({ ...ED25519, date: ahead });
    const signature = await signDetached(key, SUMS);
    expect(await dateOf(signature)).toBe(ahead.getTime());
    expect(await findSigner(SUMS, signature, [key])).not.toBeNull();
  });

  it('sign nothing with a key that has expired since', async () => {
    const key = await makeKey({ ...ED25519, date: new Date(Date.now() - 2 * DAY), keyExpirationTime: 3600 });
    await expect(signDetached({ privateKey: key.armor() }, SUMS)).rejects.toThrow(/it has expired/);
  });
});

describe('findSigner', () => {
  let key: PgpSigningKey;
  let signature: Buffer;

  beforeAll(async () => {
    key = await makeSigningKey();
    signature = await signDetached(key, SUMS);
  });

  it('takes armour and gives back binary', async () => {
    const armored = openpgp.armor(openpgp.enums.armor.signature, signature);
    for (const text of [armored, armored.replaceAll('\n', '\r\n')])
      expect(await findSigner(SUMS, Buffer.from(text), [key])).toEqual({ fingerprint: key.fingerprint, signature });
  });

  it('takes a signature of text, as clients do', async () => {
    const privateKey = await openpgp.readPrivateKey({ armoredKey: key.privateKey });
    const message = await openpgp.createMessage({ text: SUMS.toString() });
    const made = await openpgp.sign({ message, signingKeys: privateKey, detached: true, format: 'binary' });
    expect((await findSigner(SUMS, Buffer.from(made), [key]))?.fingerprint).toBe(key.fingerprint);
    expect(await findSigner(Buffer.from(`${SUMS.toString()}x`), Buffer.from(made), [key])).toBeNull();
  });

  it('sees every changed bit of the bytes', async () => {
    for (let place = 0; place < SUMS.length; place++) {
      const tampered = Buffer.from(SUMS);
      tampered[place]! ^= 1;
      expect(await findSigner(tampered, signature, [key])).toBeNull();
    }
  });

  it('sees changed bits of the signature, or gives back the signature as it was made', async () => {
    let refused = 0;
    for (let place = 0; place < signature.length; place++) {
      const tampered = Buffer.from(signature);
      tampered[place]! ^= 1;
      const found = await findSigner(SUMS, tampered, [key]);
      if (found === null) refused++;
      else expect(found.signature).toEqual(signature);
    }
    // All but a few bits of framing, such as the exact length of a number.
    expect(refused).toBeGreaterThan(signature.length - 8);
  });

  it('picks the one signature that fits, and no more than 16 are looked at', async () => {
    const other = await signDetached(await makeSigningKey(), SUMS);
    const found = { fingerprint: key.fingerprint, signature };
    expect(await findSigner(SUMS, Buffer.concat([other, signature, other]), [key])).toEqual(found);
    expect(await findSigner(SUMS, Buffer.concat([other, other]), [key])).toBeNull();
    const many = Array.from({ length: 15 }, () => other);
    expect(await findSigner(SUMS, Buffer.concat([...many, signature]), [key])).toEqual(found);
    expect(await findSigner(SUMS, Buffer.concat([...many, other, signature]), [key])).toBeNull();
  });

  it('takes no other kind of message, and no garbage', async () => {
    const signingKeys = await openpgp.readPrivateKey({ armoredKey: key.privateKey });
    const message = await openpgp.createMessage({ binary: SUMS });
    const inline = await openpgp.sign({ message, signingKeys, format: 'binary' });
    const clear = await openpgp.createCleartextMessage({ text: SUMS.toString() });
    const clearSigned = await openpgp.sign({ message: clear, signingKeys });
    const armored = openpgp.armor(openpgp.enums.armor.signature, signature);
    const candidates: (Uint8Array | string)[] = [
      inline,
      openpgp.armor(openpgp.enums.armor.message, inline),
      clearSigned,
      key.publicKey,
      signingKeys.toPublic().write(),
      armored + armored,
      armored.slice(0, -60),
      '',
      'garbage',
      Uint8Array.of(0x80),
      Uint8Array.of(0xc2, 0xff, 0xff, 0xff, 0xff, 0xff),
      signature.subarray(0, -1),
      Buffer.concat([signature, Buffer.from('tail')]),
    ];
    for (const candidate of candidates) expect(await findSigner(SUMS, Buffer.from(candidate), [key])).toBeNull();
  });

  it('looks at no more than 64 KiB', async () => {
    const armored = openpgp.armor(openpgp.enums.armor.signature, signature);
    const padded = (bytes: number): Buffer => Buffer.from(armored + ' '.repeat(bytes - armored.length));
    expect(await findSigner(SUMS, padded(65_536), [key])).not.toBeNull();
    expect(await findSigner(SUMS, padded(65_537), [key])).toBeNull();
  });

  it('passes over a key that cannot be read', async () => {
    const unreadable = { fingerprint: 'x', publicKey: 'nonsense' };
    expect((await findSigner(SUMS, signature, [unreadable, key]))?.fingerprint).toBe(key.fingerprint);
  });
});

describe('when a signature counts', () => {
  it('never by a revoked key, whatever the reason', async () => {
    const key = await makeKey();
    const signature = await forge(key, new Date());
    expect(await findSigner(SUMS, signature, [known(key)])).not.toBeNull();
    for (const flag of [openpgp.enums.reasonForRevocation.keySuperseded, openpgp.enums.reasonForRevocation.noReason]) {
      const { publicKey } = await openpgp.revokeKey({ key, reasonForRevocation: { flag }, format: 'object' });
      const revoked = await readPublicKey(publicKey.armor());
      expect(await findSigner(SUMS, signature, [revoked])).toBeNull();
    }
  });

  it('never by a revoked subkey, and never by one for encryption', async () => {
    const key = await makeKey({ ...RSA, subkeys: [{ sign: true }, { sign: false }] });
    const [signing, encrypting] = key.subkeys.map((each) => each.keyPacket as openpgp.SecretSubkeyPacket);
    const signature = await forge(key, new Date(), sha256, signing);
    expect(await findSigner(SUMS, signature, [known(key)])).not.toBeNull();
    expect(await findSigner(SUMS, await forge(key, new Date(), sha256, encrypting), [known(key)])).toBeNull();
    key.subkeys[0] = await key.subkeys[0]!.revoke(key.keyPacket as openpgp.SecretKeyPacket);
    expect(await findSigner(SUMS, signature, [known(key)])).toBeNull();
  });

  it('never for a key that has taken the signing subkey of another', async () => {
    const [owner, thief] = [
      await makeKey({ ...ED25519, subkeys: [{ sign: true }] }),
      await makeKey({ ...ED25519, subkeys: [{ sign: true }] }),
    ];
    const stolen = owner.subkeys[0]!.keyPacket as openpgp.SecretSubkeyPacket;
    const signature = await forge(owner, new Date(), sha256, stolen);
    const binding = new openpgp.SignaturePacket();
    Object.assign(binding, {
      signatureType: openpgp.enums.signature.subkeyBinding,
      publicKeyAlgorithm: thief.keyPacket.algorithm,
      hashAlgorithm: sha256,
      keyFlags: Uint8Array.of(openpgp.enums.keyFlags.signData),
      embeddedSignature: owner.subkeys[0]!.bindingSignatures[0]!.embeddedSignature,
    });
    const sign = binding.sign.bind(binding) as (...args: unknown[]) => Promise<void>;
    await sign(thief.keyPacket, { key: thief.keyPacket, bind: stolen }, new Date(), false, openpgp.config);
    thief.subkeys[0] = new openpgp.Subkey(stolen, thief);
    thief.subkeys[0].bindingSignatures = [binding];
    expect(await findSigner(SUMS, signature, [known(thief)])).toBeNull();
    expect((await findSigner(SUMS, signature, [known(thief), known(owner)]))?.fingerprint).toBe(
      known(owner).fingerprint,
    );
  });

  it('within the life of the key: not before it was made, not after it expired, and later still', async () => {
    const made = Math.floor(Date.now() / 1000) * 1000 - 2 * DAY;
    const key = await makeKey({ ...ED25519, date: new Date(made), keyExpirationTime: DAY / 1000 });
    const at = async (time: number) => findSigner(SUMS, await forge(key, new Date(time)), [known(key)]);
    expect(await at(made - 1000)).toBeNull();
    expect(await at(made)).not.toBeNull();
    expect(await at(made + DAY - 1000)).not.toBeNull();
    expect(await at(made + DAY)).toBeNull();
  });

  it('within the life of the subkey', async () => {
    const date = new Date(Math.floor(Date.now() / 1000) * 1000 - 2 * DAY);
    const subkeys: openpgp.SubkeyOptions[] = [{ sign: true, date, keyExpirationTime: DAY / 1000 }];
    const key = await makeKey({ ...ED25519, date, subkeys });
    const published = await readPublicKey(key.toPublic().armor());
    const signer = key.subkeys[0]!.keyPacket as openpgp.SecretSubkeyPacket;
    const at = async (time: number) => findSigner(SUMS, await forge(key, new Date(time), sha256, signer), [published]);
    expect(await at(date.getTime() + DAY - 1000)).not.toBeNull();
    expect(await at(date.getTime() + DAY)).toBeNull();
  });

  it('before the key was extended, also when its old signature on itself is gone', async () => {
    const made = new Date(Date.now() - 2 * DAY);
    const key = await makeKey({ ...ED25519, date: made, keyExpirationTime: DAY / 1000 });
    const signature = await forge(key, new Date(made.getTime() + 1000));
    const extended = await openpgp.reformatKey({ privateKey: key, userIDs: [{ name: 'Publisher' }], format: 'object' });
    const published = await readPublicKey(extended.publicKey.armor());
    expect(await findSigner(SUMS, signature, [published])).not.toBeNull();
  });

  it('never when it is one of nothing, which fits all bytes', async () => {
    const key = await makeKey();
    const { standalone } = openpgp.enums.signature;
    const signature = await forge(key, new Date(), sha256, undefined, standalone);
    expect(await findSigner(SUMS, signature, [known(key)])).toBeNull();
  });

  it('dated minutes ahead, not hours', async () => {
    const key = await makeKey();
    expect(await findSigner(SUMS, await forge(key, new Date(Date.now() + 60_000)), [known(key)])).not.toBeNull();
    expect(await findSigner(SUMS, await forge(key, new Date(Date.now() + 3_600_000)), [known(key)])).toBeNull();
  });

  it('with SHA-256 or its longer kin only', async () => {
    const key = await makeKey(RSA);
    for (const hash of [sha256, sha384, sha512])
      expect(await findSigner(SUMS, await forge(key, new Date(), hash), [known(key)])).not.toBeNull();
    for (const hash of [sha1, sha224, sha3_256])
      expect(await findSigner(SUMS, await forge(key, new Date(), hash), [known(key)])).toBeNull();
  });
});
