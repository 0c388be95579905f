import * as openpgp from 'openpgp';
import { readPublicKey, readSigningKey, SigningKeyRefusedError } from './index';

type Options = Partial<openpgp.KeyOptions>;

const DAY = 86_400_000;
const { sha1 } = openpgp.enums.hash;
const ED25519: Options = { type: 'ecc', curve: 'ed25519Legacy' };
const RSA: Options = { type: 'rsa', rsaBits: 2048 };

async function makeKey(options: Options = ED25519): Promise<openpgp.PrivateKey> {
  const { privateKey } = await openpgp.generateKey({
    userIDs: [{ name: 'Publisher', email: 'publisher@example.org' }],
    subkeys: [],
    ...options,
    format: 'object',
  });
  return privateKey;
}

/** Settings of the library that make it sign with a weak hash function, for which it knows no salt. */
function withHash(preferredHashAlgorithm: openpgp.enums.hash): openpgp.PartialConfig {
  return { preferredHashAlgorithm, rejectHashAlgorithms: new Set(), nonDeterministicSignaturesViaNotation: false };
}

/** The message of a refusal, which holds no line of the armour. */
async function refusal(armored: string, side: 'public' | 'private', passphrase?: string): Promise<string> {
  const reading = side === 'public' ? readPublicKey(armored) : readSigningKey(armored, passphrase);
  const error: unknown = await reading.then(
    () => 'The key was accepted.',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SigningKeyRefusedError);
  const { kind, code, message } = error as SigningKeyRefusedError;
  expect([kind, code]).toEqual(['invalid', 'signing-key-refused']);
  for (const line of armored.split(/\s+/).filter((each) => each.length > 12)) expect(message).not.toContain(line);
  if (passphrase) expect(message).not.toContain(passphrase);
  return message;
}

async function publicRefusal(key: openpgp.Key): Promise<string> {
  return refusal(key.toPublic().armor(), 'public');
}

function armorPackets(type: 'publicKey' | 'privateKey', ...parts: Uint8Array[]): string {
  return openpgp.armor(openpgp.enums.armor[type], Buffer.concat(parts));
}

describe('keys that every client reads', () => {
  it.each<[string, Options]>([
    ['rsa2048', RSA],
    ['rsa3072', { type: 'rsa', rsaBits: 3072 }],
    ['ed25519Legacy', ED25519],
    ['nistP256', { type: 'ecc', curve: 'nistP256' }],
    ['nistP384', { type: 'ecc', curve: 'nistP384' }],
    ['nistP521', { type: 'ecc', curve: 'nistP521' }],
  ])('reads %s, both sides alike', async (algorithm, options) => {
    const key = await makeKey(options);
    const signing = await readSigningKey(key.armor(), undefined);
    const fingerprint = key.getFingerprint().toUpperCase();
    expect(signing).toMatchObject({ algorithm, fingerprint, isRevoked: false, expiresAt: null });
    expect(fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(signing.keyId).toBe(fingerprint.slice(24));
    expect(signing.publicKey).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----\n/);
    const { privateKey, ...publicPart } = signing;
    expect(await readPublicKey(key.toPublic().armor())).toEqual(publicPart);
    expect(await readPublicKey(signing.publicKey)).toEqual(publicPart);
    expect(await readSigningKey(privateKey, undefined)).toEqual(signing);
  });

  it('reads armour with CRLF and words around it', async () => {
    const key = await makeKey();
    const text = `Our key:\r\n\r\n${key.toPublic().armor().replaceAll('\n', '\r\n')}\r\nThanks.\r\n`;
    expect((await readPublicKey(text)).fingerprint).toBe(key.getFingerprint().toUpperCase());
  });

  it('says when a key expires', async () => {
    const date = new Date(Math.floor(Date.now() / 1000) * 1000);
    const key = await makeKey({ ...ED25519, date, keyExpirationTime: 3600 });
    expect((await readPublicKey(key.toPublic().armor())).expiresAt).toBe(
      new Date(date.getTime() + 3_600_000).toISOString(),
    );
  });

  it('reads a key made by a clock that is a minute ahead', async () => {
    const key = await makeKey({ ...ED25519, date: new Date(Date.now() + 60_000) });
    expect((await readSigningKey(key.armor(), undefined)).isRevoked).toBe(false);
  });
});

describe('what is left out', () => {
  it('leaves out encryption subkeys, of kinds new and unknown too, and keeps the one that signs', async () => {
    const subkeys: openpgp.SubkeyOptions[] = [
      { type: 'curve25519' },
      { type: 'ecc', curve: 'curve25519Legacy' },
      { type: 'ecc', curve: 'nistP256', sign: true },
    ];
    const key = await makeKey({ ...RSA, subkeys });
    const unknown = Uint8Array.of(0xc0 | 14, 8, 4, 0, 0, 0, 1, 105, 0, 0);
    const armored = armorPackets('publicKey', key.toPublic().write(), unknown);
    const read = await readPublicKey(armored);
    const given = await openpgp.readKey({ armoredKey: read.publicKey });
    expect(given.subkeys.map((subkey) => subkey.getAlgorithmInfo().curve)).toEqual(['nistP256']);
    expect(read.publicKey).toBe((await readSigningKey(key.armor(), undefined)).publicKey);
  });

  it('leaves out what others have signed, and user ids that are revoked or not signed', async () => {
    const key = await makeKey({ ...ED25519, userIDs: [{ name: 'One' }, { name: 'Two' }, { name: 'Three' }] });
    const certified = (await key.signAllUsers([await makeKey()])).toPublic();
    expect(certified.users[0]!.otherCertifications).toHaveLength(1);
    certified.users[1] = await certified.users[1]!.revoke(key.keyPacket as openpgp.SecretKeyPacket);
    certified.users[2]!.selfCertifications = [];
    const given = await openpgp.readKey({ armoredKey: (await readPublicKey(certified.armor())).publicKey });
    expect(given.getUserIDs()).toEqual(['One']);
    expect(given.users[0]!.otherCertifications).toHaveLength(0);
  });

  it('leaves out revoked signing subkeys', async () => {
    const subkeys: openpgp.SubkeyOptions[] = [{ sign: true }, { sign: true }];
    const key = await makeKey({ ...ED25519, subkeys });
    const kept = key.subkeys[1]!.getFingerprint();
    key.subkeys[0] = await key.subkeys[0]!.revoke(key.keyPacket as openpgp.SecretKeyPacket);
    const given = await openpgp.readKey({ armoredKey: (await readPublicKey(key.toPublic().armor())).publicKey });
    expect(given.subkeys.map((subkey) => subkey.getFingerprint())).toEqual([kept]);
  });

  it('keeps no secret but the one that signs', async () => {
    const key = await makeKey({ ...ED25519, subkeys: [{ sign: true }, { sign: false }] });
    const { privateKey } = await readSigningKey(key.armor(), undefined);
    const kept = await openpgp.readPrivateKey({ armoredKey: privateKey });
    expect((kept.keyPacket as openpgp.SecretKeyPacket).isDummy()).toBe(true);
    expect(kept.subkeys.map((subkey) => [subkey.getFingerprint(), subkey.isDecrypted()])).toEqual([
      [key.subkeys[0]!.getFingerprint(), true],
    ]);
  });
});

describe('kinds of keys that clients cannot read', () => {
  it.each<[string, Options, RegExp]>([
    ['v6 RSA', { ...RSA, config: { v6Keys: true } }, /version 6, which terraform and tofu cannot read/],
    ['v6 Ed25519', { type: 'curve25519', config: { v6Keys: true } }, /version 6/],
    ['v4 curve25519', { type: 'curve25519' }, /algorithm 27.*terraform and tofu cannot read.*RSA with 2048/],
    ['v4 curve448', { type: 'curve448' }, /curve448/],
    ['RSA-1024', { type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } }, /1024 bits, which is too weak/],
  ])('refuses %s, whichever side', async (_, options, reason) => {
    const key = await makeKey(options);
    expect(await publicRefusal(key)).toMatch(reason);
    expect(await refusal(key.armor(), 'private')).toMatch(reason);
  });

  it.each([
    [3, /version 3/],
    [5, /version 5/],
  ])('names the version %d of a key that the library does not read', async (version, reason) => {
    const bytes = (await makeKey()).toPublic().write();
    bytes[2] = version;
    expect(await refusal(armorPackets('publicKey', bytes), 'public')).toMatch(reason);
  });

  // The library cannot make these; `gnupg.spec.ts` has whole ones.
  it.each([
    ['DSA', '11', /DSA/],
    ['ECDSA on secp256k1', '13 05 2b8104000a 0010 ffff', /ECDSA on secp256k1/],
    ['ECDSA on brainpoolP256r1', '13 09 2b2403030208010107 0010 ffff', /ECDSA on brainpoolP256r1/],
    ['ECDSA on a curve yet to come', '13 03 010203 0010 ffff', /ECDSA on another curve/],
    ['an algorithm yet to come', '3f', /algorithm 63/],
  ])('names %s', async (_, algorithm, reason) => {
    const body = Buffer.from(`04 00000001 ${algorithm}`.replaceAll(' ', ''), 'hex');
    const packet = Buffer.concat([Uint8Array.of(0xc0 | 6, body.length), body]);
    expect(await refusal(armorPackets('publicKey', packet), 'public')).toMatch(reason);
  });

  it('refuses a signing subkey of such a kind, unless it has expired', async () => {
    const subkeys: openpgp.SubkeyOptions[] = [{ type: 'curve25519', sign: true }];
    const reason = /A signing subkey of this key is of the kind .*algorithm 27/;
    expect(await publicRefusal(await makeKey({ ...ED25519, subkeys }))).toMatch(reason);
    const date = new Date(Date.now() - 2 * DAY);
    const expired: openpgp.SubkeyOptions[] = [{ type: 'curve25519', sign: true, keyExpirationTime: 3600, date }];
    const key = await makeKey({ ...ED25519, date, subkeys: expired });
    const given = await openpgp.readKey({ armoredKey: (await readPublicKey(key.toPublic().armor())).publicKey });
    expect(given.subkeys).toHaveLength(0);
  });
});

describe('keys that may not sign', () => {
  it('refuses a key that is for encryption or certification only', async () => {
    const key = await makeKey();
    const certification = key.users[0]!.selfCertifications[0]!;
    const certifyOnly = new openpgp.SignaturePacket();
    Object.assign(certifyOnly, {
      signatureType: openpgp.enums.signature.certPositive,
      publicKeyAlgorithm: certification.publicKeyAlgorithm,
      hashAlgorithm: openpgp.enums.hash.sha512,
      keyFlags: Uint8Array.of(openpgp.enums.keyFlags.certifyKeys),
    });
    const data = { userID: key.users[0]!.userID, key: key.keyPacket };
    // Declared without the last argument, which the library wants.
    const sign = certifyOnly.sign.bind(certifyOnly) as (...args: unknown[]) => Promise<void>;
    await sign(key.keyPacket, data, new Date(), false, openpgp.config);
    key.users[0]!.selfCertifications = [certifyOnly];
    expect(await publicRefusal(key)).toMatch(/No part of this key may sign data/);
  });

  it('refuses a key without user id', async () => {
    const key = await makeKey();
    key.users = [];
    expect(await publicRefusal(key)).toMatch(/no user id/);
  });

  it('refuses a user id that the key has not signed, or not this one', async () => {
    const key = await makeKey();
    key.users[0]!.selfCertifications = [];
    expect(await publicRefusal(key)).toMatch(/own signature on its user id is missing/);
    const [one, two] = [await makeKey(), await makeKey({ ...ED25519, userIDs: [{ name: 'Another' }] })];
    two.users[0]!.selfCertifications = one.users[0]!.selfCertifications;
    one.users[0] = two.users[0]!;
    expect(await publicRefusal(one)).toMatch(/own signature on its user id is missing/);
  });

  it.each([
    ['SHA-1', sha1],
    ['MD5', openpgp.enums.hash.md5],
  ])('refuses a key that signs itself with %s only', async (_, preferredHashAlgorithm) => {
    const key = await makeKey({ ...RSA, config: withHash(preferredHashAlgorithm) });
    expect(key.users[0]!.selfCertifications[0]!.hashAlgorithm).toBe(preferredHashAlgorithm);
    expect(await publicRefusal(key)).toMatch(/SHA-1 or MD5 only/);
  });

  it('refuses expired keys and such that are not valid yet', async () => {
    const expired = await makeKey({ ...ED25519, date: new Date(Date.now() - 2 * DAY), keyExpirationTime: 3600 });
    expect(await publicRefusal(expired)).toMatch(/^This key expired at 20\d\d-/);
    expect(await refusal(expired.armor(), 'private')).toMatch(/^This key expired at 20\d\d-/);
    const future = await makeKey({ ...ED25519, date: new Date(Date.now() + DAY) });
    expect(await publicRefusal(future)).toMatch(/^This key is not valid before 20\d\d-/);
  });

  it('refuses a revoked private key, and says so of a public one, also when revoked with SHA-1', async () => {
    for (const config of [{}, withHash(sha1)]) {
      const reasonForRevocation = { flag: openpgp.enums.reasonForRevocation.keySuperseded };
      const { privateKey, publicKey } = await openpgp.revokeKey({
        key: await makeKey(RSA),
        reasonForRevocation,
        config,
        format: 'object',
      });
      const read = await readPublicKey(publicKey.armor());
      expect(read.isRevoked).toBe(true);
      expect((await readPublicKey(read.publicKey)).isRevoked).toBe(true);
      expect(await refusal(privateKey.armor(), 'private')).toMatch(/revoked/);
    }
  });

  it('believes no revocation by another key', async () => {
    const [key, other] = [await makeKey(), await makeKey()];
    const { publicKey } = await openpgp.revokeKey({ key: other, format: 'object' });
    key.revocationSignatures = publicKey.revocationSignatures;
    const read = await readPublicKey(key.toPublic().armor());
    expect(read.isRevoked).toBe(false);
    expect((await openpgp.readKey({ armoredKey: read.publicKey })).revocationSignatures).toHaveLength(0);
  });
});

describe('text that is not one key of the wanted side', () => {
  it('tells private and public apart', async () => {
    const key = await makeKey();
    expect(await refusal(key.armor(), 'public')).toMatch(/^This is a private key; a public one is wanted/);
    expect(await refusal(key.toPublic().armor(), 'private')).toMatch(/^This is a public key; a private one is wanted/);
    expect(await refusal(armorPackets('publicKey', key.write()), 'public')).toMatch(/^This is a private key/);
    expect(await refusal(armorPackets('privateKey', key.toPublic().write()), 'private')).toMatch(/^This is a public/);
    const hidden = await makeKey({ ...ED25519, subkeys: [{ sign: true }] });
    const secretSubkey = Buffer.concat([
      key.toPublic().write(),
      Uint8Array.of(0xc0 | 7, hidden.subkeys[0]!.keyPacket.write().length),
      hidden.subkeys[0]!.keyPacket.write(),
    ]);
    expect(await refusal(armorPackets('publicKey', secretSubkey), 'public')).toMatch(/^This is a private key/);
  });

  it('wants one key', async () => {
    const [one, two] = [(await makeKey()).toPublic(), (await makeKey()).toPublic()];
    expect(await refusal(armorPackets('publicKey', one.write(), two.write()), 'public')).toMatch(/^Exactly one/);
    expect(await refusal(one.armor() + two.armor(), 'public')).toMatch(/^Exactly one/);
    const later = await makeKey({ ...RSA, config: { v6Keys: true } });
    expect(await refusal(armorPackets('publicKey', one.write(), later.toPublic().write()), 'public')).toMatch(
      /^Exactly one/,
    );
  });

  it('refuses everything else in words', async () => {
    const armored = (await makeKey()).toPublic().armor();
    const noKey = /^This is not an OpenPGP public key in text form/;
    expect(await refusal('', 'public')).toMatch(noKey);
    expect(await refusal('ssh-ed25519 AAAAC3Nza', 'public')).toMatch(noKey);
    expect(await refusal('-----BEGIN RSA PRIVATE KEY-----\n\nAAAA\n-----END RSA PRIVATE KEY-----\n', 'public')).toMatch(
      noKey,
    );
    const damaged = /^This public key is damaged/;
    expect(await refusal(armored.slice(0, 200), 'public')).toMatch(damaged);
    expect(await refusal(armorPackets('publicKey', Buffer.from('no packets')), 'public')).toMatch(damaged);
    expect(await refusal(armorPackets('publicKey'), 'public')).toMatch(damaged);
    const cutOff = Uint8Array.of(0xc0 | 6, 8, 4, 0, 0, 0, 1, 1, 16, 0);
    expect(await refusal(armorPackets('publicKey', cutOff), 'public')).toMatch(damaged);
  });

  it('looks at no more than 64 KiB', async () => {
    const key = (await makeKey()).toPublic().armor();
    const padded = (bytes: number): string => key + ' '.repeat(bytes - key.length);
    expect((await readPublicKey(padded(65_536))).isRevoked).toBe(false);
    expect(await refusal(padded(65_537), 'public')).toMatch(/larger than 64 KiB/);
    expect(await refusal(padded(65_537), 'private')).toMatch(/larger than 64 KiB/);
  });

  it('answers every damage of a byte with a refusal or the same key', async () => {
    const key = (await makeKey()).toPublic();
    const bytes = key.write();
    for (let place = 0; place < bytes.length; place++) {
      const damaged = Buffer.from(bytes);
      damaged[place]! ^= 1;
      const read = await readPublicKey(armorPackets('publicKey', damaged)).catch((error: unknown) => error);
      if (read instanceof SigningKeyRefusedError) continue;
      expect(read).toMatchObject({ fingerprint: key.getFingerprint().toUpperCase(), publicKey: key.armor() });
    }
  });
});

describe('the secret part', () => {
  it('opens a protected key with its passphrase only', async () => {
    const armored = (await makeKey({ ...ED25519, passphrase: 'correct horse' })).armor();
    const open = await readSigningKey(armored, 'correct horse');
    expect((await openpgp.readPrivateKey({ armoredKey: open.privateKey })).isDecrypted()).toBe(true);
    expect(await refusal(armored, 'private', 'battery staple')).toMatch(/^The passphrase is not the one/);
    expect(await refusal(armored, 'private')).toMatch(/protected with a passphrase/);
    expect(await refusal(armored, 'private', '')).toMatch(/protected with a passphrase/);
  });

  it('opens no key that says itself how much memory that takes', async () => {
    const key = await makeKey({
      ...ED25519,
      passphrase: 'correct horse',
      config: { s2kType: openpgp.enums.s2k.argon2, aeadProtect: true, maxArgon2MemoryExponent: 20 },
    });
    expect(await refusal(key.armor(), 'private', 'correct horse')).toMatch(/such as Argon2/);
  });

  it('takes a primary key whose secret is elsewhere, if a subkey signs', async () => {
    const key = await makeKey({ ...ED25519, subkeys: [{ sign: true }], passphrase: 'correct horse' });
    (key.keyPacket as openpgp.SecretKeyPacket).makeDummy();
    const read = await readSigningKey(key.armor(), 'correct horse');
    expect(read.fingerprint).toBe(key.getFingerprint().toUpperCase());
  });

  it('takes the primary key if the secret of the subkey is elsewhere', async () => {
    const key = await makeKey({ ...ED25519, subkeys: [{ sign: true }] });
    (key.subkeys[0]!.keyPacket as openpgp.SecretSubkeyPacket).makeDummy();
    const read = await readSigningKey(key.armor(), undefined);
    expect((await openpgp.readKey({ armoredKey: read.publicKey })).subkeys).toHaveLength(1);
  });

  it('refuses a key whose secrets are all elsewhere', async () => {
    const key = await makeKey();
    (key.keyPacket as openpgp.SecretKeyPacket).makeDummy();
    expect(await refusal(key.armor(), 'private', 'any')).toMatch(/^The secret part of this private key is not in it/);
  });

  it.each<[string, Options]>([
    ['RSA', RSA],
    ['Ed25519', ED25519],
    ['NIST P-256', { type: 'ecc', curve: 'nistP256' }],
  ])('refuses a secret part of %s that belongs to another key', async (_, options) => {
    const [one, two] = [await makeKey(options), await makeKey(options)];
    (one.keyPacket as openpgp.SecretKeyPacket).privateParams = (two.keyPacket as openpgp.SecretKeyPacket).privateParams;
    expect(await refusal(one.armor(), 'private')).toMatch(/^This private key is damaged/);
  });
});
