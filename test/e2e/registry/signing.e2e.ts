import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Signer } from '../../../src/signing';
import { isInstalled } from '../../support/installed-programs';
import { THIS_PLATFORM } from '../../support/node-provider/node-provider-zip';
import {
  askGnupg,
  detachedSignature,
  generateKey,
  isSignatureOf,
  type KeyOptions,
  type KeyPair,
} from '../../support/openpgp-keys';
import {
  type Body,
  createNamespace,
  demand,
  packageBytes,
  ProviderDriver,
  sendForm,
} from '../../support/provider-driver';
import { startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const LINUX = { os: 'linux', arch: 'amd64' };
const DARWIN = { os: 'darwin', arch: 'arm64' };
const NO_ID = '00000000-0000-4000-8000-000000000000';

let server: TestServer;
let printed = '';

beforeAll(async () => {
  // What the server logs, all of it, to look for secrets in.
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    jest.spyOn(stream, 'write').mockImplementation((...args: unknown[]) => {
      const isLog = String(args[0]).startsWith('{"level"');
      if (isLog) printed += String(args[0]);
      return isLog || (write as (...all: unknown[]) => boolean)(...args);
    });
  }
  server = await startTestServer({ LOG_LEVEL: 'debug', LOG_FORMAT: 'json' });
});
afterAll(async () => {
  await server.stop();
  jest.restoreAllMocks();
});

const keysPath = (namespace: Body): string => `/api/namespaces/${namespace.id}/signing-keys`;
const addKey = (namespace: Body, body: object): Promise<TestResponse> =>
  server.request('POST', keysPath(namespace), body);
const listKeys = (namespace: Body): Promise<Body[]> => demand(server, 'GET', keysPath(namespace));
const activeOf = async (namespace: Body): Promise<Body[]> => (await listKeys(namespace)).filter(({ active }) => active);

describe('a key that is deleted while something is signed with it', () => {
  it('signs nothing that is published: try again', async () => {
    const namespace = await createNamespace(server);
    const key = (await addKey(namespace, {})).body;
    const provider = await ProviderDriver.create(server, { namespace });
    const draft = await provider.draft('1.0.0');
    await provider.upload(draft.id, await packageBytes(provider.name, '1.0.0', LINUX), LINUX);
    // The key goes between the signature and the publication.
    const signer = server.application.app.get(Signer);
    const sign = signer.sign.bind(signer);
    const spy = jest.spyOn(signer, 'sign').mockImplementationOnce(async (...args) => {
      const made = await sign(...args);
      expect((await server.request('DELETE', `${keysPath(namespace)}/${key.id}`)).status).toBe(204);
      return made;
    });
    const answer = await server.request('POST', `${provider.versionPath(draft.id)}/publish`);
    expect(answer.body).toMatchObject({ status: 409, type: '/problems/version-changed' });
    expect((await provider.version(draft.id)).status).toBe('draft');
    spy.mockRestore();
    expect((await addKey(namespace, {})).status).toBe(201);
    expect((await server.request('POST', `${provider.versionPath(draft.id)}/publish`)).status).toBe(200);
  });
});

describe('signing keys', () => {
  it('are generated, active from the start, and one is at a time', async () => {
    const namespace = await createNamespace(server);
    const first = await addKey(namespace, {});
    expect([first.status, first.body]).toMatchObject([
      201,
      {
        ...{ key_id: expect.stringMatching(/^[0-9A-F]{16}$/), algorithm: 'rsa4096', source: 'generated', active: true },
        ...{ fingerprint: expect.stringMatching(/^[0-9A-F]{40}$/i), revoked_at: null },
        public_key: expect.stringMatching(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/),
      },
    ]);
    const second = await addKey(namespace, { private_key: (await generateKey()).privateKey });
    expect(second.body).toMatchObject({ source: 'imported', active: true, algorithm: 'ed25519Legacy' });
    expect((await activeOf(namespace)).map(({ id }) => id)).toEqual([second.body.id]);
    expect((await listKeys(namespace)).map(({ id }) => id)).toEqual([second.body.id, first.body.id]);
    const back = await server.request('POST', `${keysPath(namespace)}/${first.body.id}/activate`);
    expect([back.status, back.body.active]).toEqual([200, true]);
    expect((await activeOf(namespace)).map(({ id }) => id)).toEqual([first.body.id]);
    expect((await server.request('DELETE', `${keysPath(namespace)}/${second.body.id}`)).status).toBe(204);
    expect((await server.request('DELETE', `${keysPath(namespace)}/${second.body.id}`)).status).toBe(404);
    expect((await server.request('POST', `${keysPath(namespace)}/${NO_ID}/activate`)).status).toBe(404);
    const elsewhere = await createNamespace(server);
    expect((await server.request('DELETE', `${keysPath(elsewhere)}/${first.body.id}`)).status).toBe(404);
    expect((await server.request('POST', `${keysPath(elsewhere)}/${first.body.id}/activate`)).status).toBe(404);
  });

  it('many imports and activations at once leave exactly one active', async () => {
    const namespace = await createNamespace(server);
    const pairs = await Promise.all(Array.from({ length: 6 }, () => generateKey()));
    const made = await Promise.all(pairs.map(({ privateKey }) => addKey(namespace, { private_key: privateKey })));
    expect(made.map(({ status }) => status)).toEqual(made.map(() => 201));
    expect(await activeOf(namespace)).toHaveLength(1);
    await Promise.all(made.map(({ body }) => server.request('POST', `${keysPath(namespace)}/${body.id}/activate`)));
    expect(await activeOf(namespace)).toHaveLength(1);
  });

  it('open with their passphrase alone', async () => {
    const namespace = await createNamespace(server);
    const { privateKey } = await generateKey({ passphrase: 'correct horse' });
    const attempts = [undefined, '', 'wrong horse'];
    for (const passphrase of attempts) {
      const answer = await addKey(namespace, { private_key: privateKey, passphrase });
      expect([passphrase, answer.status, answer.body.type]).toEqual([passphrase, 400, '/problems/signing-key-refused']);
      expect(answer.body.detail).toContain('passphrase');
      expect(answer.text).not.toContain('horse');
    }
    expect(await listKeys(namespace)).toEqual([]);
    const good = await addKey(namespace, { private_key: privateKey, passphrase: 'correct horse' });
    expect([good.status, good.body.source]).toEqual([201, 'imported']);
    // It signs without the passphrase from now on.
    const provider = await ProviderDriver.create(server, { namespace });
    await provider.release('1.0.0');
    const { shasums, signature, document } = await provider.fetchAll('1.0.0');
    const [{ ascii_armor: publicKey }] = document.signing_keys.gpg_public_keys;
    expect(await isSignatureOf(shasums, signature, publicKey)).toBe(true);
  });

  it.each<[NonNullable<KeyOptions['kind']>, RegExp]>([
    ['v6', /version 6/],
    ['curve25519', /algorithm 27/],
    ['curve448', /curve448|Ed448/],
  ])('of the kind %s are refused, private and public, saying why', async (kind, reason) => {
    const namespace = await createNamespace(server);
    const { privateKey, publicKey } = await generateKey({ kind });
    for (const body of [{ private_key: privateKey }, { public_key: publicKey }]) {
      const answer = await addKey(namespace, body);
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(reason)]);
    }
    expect(await listKeys(namespace)).toEqual([]);
  });

  it('of NIST P-256 are taken', async () => {
    const namespace = await createNamespace(server);
    const answer = await addKey(namespace, { private_key: (await generateKey({ kind: 'nistP256' })).privateKey });
    expect([answer.status, answer.body.algorithm]).toEqual([201, 'nistP256']);
  });

  it('what is no key, or not the one that is asked for, is refused', async () => {
    const namespace = await createNamespace(server);
    const { privateKey, publicKey } = await generateKey();
    const other = await generateKey();
    for (const body of [
      { private_key: 'nonsense' },
      { private_key: publicKey },
      { public_key: privateKey },
      { public_key: `${publicKey}\n${other.publicKey}` },
      { private_key: privateKey.replace(/\n([A-Za-z0-9+/])/g, '\nA') },
      { private_key: privateKey, public_key: publicKey },
      { passphrase: 'x' },
      { public_key: publicKey, passphrase: 'x' },
      { source: 'generated' },
      { active: true },
      { public_key: publicKey.repeat(200) },
    ]) {
      const answer = await addKey(namespace, body);
      expect([body, answer.status]).toEqual([body, 400]);
      for (const line of privateKey.split('\n').filter((each) => each.length > 40)) {
        expect(answer.text).not.toContain(line);
      }
    }
    expect(await listKeys(namespace)).toEqual([]);
  });

  it('that are external never sign, and one key is there once', async () => {
    const namespace = await createNamespace(server);
    const { publicKey, privateKey } = await generateKey();
    const external = await addKey(namespace, { public_key: publicKey });
    expect([external.status, external.body]).toMatchObject([201, { source: 'external', active: false }]);
    const active = await server.request('POST', `${keysPath(namespace)}/${external.body.id}/activate`);
    expect([active.status, active.body.type]).toEqual([409, '/problems/signing-key-external']);
    expect((await addKey(namespace, { public_key: publicKey })).status).toBe(409);
    expect((await addKey(namespace, { private_key: privateKey })).status).toBe(409);
    expect(await activeOf(namespace)).toEqual([]);
    // The same key may be known to another namespace.
    expect((await addKey(await createNamespace(server), { public_key: publicKey })).status).toBe(201);
  });
});

describe('first need', () => {
  it('first publications at once, of many providers, make one key', async () => {
    const namespace = await createNamespace(server);
    const drafts = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const provider = await ProviderDriver.create(server, { namespace });
        const draft = await provider.draft('1.0.0');
        await provider.upload(draft.id, await packageBytes(provider.name, '1.0.0'));
        return { provider, draft };
      }),
    );
    const answers = await Promise.all(drafts.map(({ provider, draft }) => provider.publish(draft.id)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const keys = await listKeys(namespace);
    expect(keys).toEqual([expect.objectContaining({ source: 'generated', active: true, algorithm: 'rsa4096' })]);
    expect(new Set(answers.map(({ body }) => body.signing_key_id))).toEqual(new Set([keys[0].id]));
  });
});

describe('rotation', () => {
  it('old versions keep their signature and their key; new ones have the new one', async () => {
    const namespace = await createNamespace(server);
    const provider = await ProviderDriver.create(server, { namespace });
    const [old, fresh] = [await generateKey(), await generateKey()];
    const { body: oldKey } = await addKey(namespace, { private_key: old.privateKey });
    await provider.release('1.0.0');
    const before = await provider.fetchAll('1.0.0');
    const { body: newKey } = await addKey(namespace, { private_key: fresh.privateKey });
    const second = await provider.release('2.0.0');
    expect(second.signing_key_id).toBe(newKey.id);
    const after = await provider.fetchAll('1.0.0');
    expect([after.shasums, after.signature]).toEqual([before.shasums, before.signature]);
    const keyIds = ({ document }: { document: Body }): string[] =>
      document.signing_keys.gpg_public_keys.map(({ key_id: id }: Body) => id);
    expect(keyIds(after)[0]).toBe(oldKey.key_id);
    const latest = await provider.fetchAll('2.0.0');
    expect(keyIds(latest)[0]).toBe(newKey.key_id);
    expect(await isSignatureOf(latest.shasums, latest.signature, fresh.publicKey)).toBe(true);
    expect(await isSignatureOf(after.shasums, after.signature, old.publicKey)).toBe(true);
    if (isInstalled('gpg')) {
      expect(await askGnupg(after.shasums, after.signature, oldKey.public_key)).toContain('GOODSIG');
    }
    for (const key of [oldKey, newKey]) {
      const answer = await server.request('DELETE', `${keysPath(namespace)}/${key.id}`);
      expect([answer.status, answer.body.type]).toEqual([409, '/problems/signing-key-in-use']);
    }
    expect((await activeOf(namespace)).map(({ id }) => id)).toEqual([newKey.id]);
  });

  it('a deleted active key is replaced on the next need, and its version gone it may be deleted', async () => {
    const namespace = await createNamespace(server);
    const provider = await ProviderDriver.create(server, { namespace });
    const { body: key } = await addKey(namespace, { private_key: (await generateKey()).privateKey });
    const version = await provider.release('1.0.0');
    await demand(server, 'DELETE', provider.versionPath(version.id));
    expect((await server.request('DELETE', `${keysPath(namespace)}/${key.id}`)).status).toBe(204);
    expect(await listKeys(namespace)).toEqual([]);
    const { body: next } = await addKey(namespace, { private_key: (await generateKey()).privateKey });
    expect((await provider.release('1.1.0')).signing_key_id).toBe(next.id);
  });
});

describe('revocation', () => {
  it('of a known key is told with its revoked public key; it signs no more', async () => {
    const namespace = await createNamespace(server);
    const provider = await ProviderDriver.create(server, { namespace });
    const pair = await generateKey();
    const { body: key } = await addKey(namespace, { private_key: pair.privateKey });
    await provider.release('1.0.0');
    await provider.download('1.0.0');
    const revoked = await addKey(namespace, { public_key: pair.revokedKey });
    expect(revoked.status).toBeLessThan(300);
    expect(revoked.body).toMatchObject({ id: key.id, active: false, revoked_at: expect.stringMatching(/Z$/) });
    const activated = await server.request('POST', `${keysPath(namespace)}/${key.id}/activate`);
    expect([activated.status, activated.body.type]).toEqual([409, '/problems/signing-key-revoked']);
    const { body: next } = await addKey(namespace, { private_key: (await generateKey()).privateKey });
    expect((await provider.release('1.0.1')).signing_key_id).toBe(next.id);
    // Clients must learn of it.
    const { body: document } = await provider.download('1.0.0');
    expect(document.signing_keys.gpg_public_keys[0].ascii_armor).toBe(revoked.body.public_key);
    // Nothing makes it good again.
    expect((await addKey(namespace, { public_key: pair.publicKey })).status).toBe(409);
    expect((await addKey(namespace, { private_key: pair.privateKey })).status).toBe(409);
  });

  it('of an unknown key is refused', async () => {
    const answer = await addKey(await createNamespace(server), { public_key: (await generateKey()).revokedKey });
    expect(answer.status).toBe(400);
  });
});

describe('a release that was made elsewhere', () => {
  let namespace: Body;
  let pair: KeyPair;
  let key: Body;
  let provider: ProviderDriver;
  let draft: Body;
  let packages: { platform: { os: string; arch: string }; bytes: Buffer; line: string }[];
  let shasums: Buffer;
  let number = 0;

  const hex = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

  beforeAll(async () => {
    namespace = await createNamespace(server);
    pair = await generateKey();
    key = (await addKey(namespace, { public_key: pair.publicKey })).body;
    provider = await ProviderDriver.create(server, { namespace });
  });
  beforeEach(async () => {
    const version = `1.0.${++number}`;
    draft = await provider.draft(version);
    packages = await Promise.all(
      [LINUX, DARWIN].map(async (platform) => {
        const bytes = await packageBytes(provider.name, version, platform);
        const name = `terraform-provider-${provider.name}_${version}_${platform.os}_${platform.arch}.zip`;
        return { platform, bytes, line: `${hex(bytes)}  ${name}\n` };
      }),
    );
    const manifest = `${hex(Buffer.from('{}'))}  terraform-provider-${provider.name}_${version}_manifest.json\n`;
    // Not in the order in which the platform would write it.
    shasums = Buffer.from([manifest, ...packages.map(({ line }) => line)].join(''));
  });

  const uploadAll = async (): Promise<void> => {
    for (const { platform, bytes } of packages) {
      expect((await provider.upload(draft.id, bytes, platform)).status).toBe(201);
    }
  };
  const send = (list: Buffer, signature: Buffer): Promise<TestResponse> =>
    sendForm(server, `${provider.versionPath(draft.id)}/shasums`, {
      shasums: { bytes: list },
      signature: { bytes: signature },
    });

  it.each(['before', 'after'])(
    'brings its list and signature %s its packages; both are served as they are',
    async (when) => {
      const signature = await detachedSignature(shasums, pair, 'binary');
      if (when === 'after') await uploadAll();
      const taken = await send(shasums, signature);
      expect([taken.status, taken.body]).toMatchObject([200, { status: 'draft', signing_key_id: key.id }]);
      if (when === 'before') await uploadAll();
      const published = await provider.publish(draft.id);
      expect([published.status, published.body]).toMatchObject([200, { status: 'published', signing_key_id: key.id }]);
      const fetched = await provider.fetchAll(draft.version);
      expect([fetched.shasums, fetched.signature]).toEqual([shasums, signature]);
      expect(fetched.document.signing_keys.gpg_public_keys[0].key_id).toBe(key.key_id);
      // No key of the platform's own was made for it.
      expect(await activeOf(namespace)).toEqual([]);
    },
  );

  it('may bring an armoured signature; clients get it in binary', async () => {
    await uploadAll();
    expect((await send(shasums, await detachedSignature(shasums, pair, 'armored'))).status).toBe(200);
    expect((await provider.publish(draft.id)).status).toBe(200);
    const { signature } = await provider.fetchAll(draft.version);
    expect(signature[0]! & 0x80).toBe(0x80);
    expect(await isSignatureOf(shasums, signature, pair.publicKey)).toBe(true);
  });

  it('a signature of another key, over other bytes, or none at all: 422', async () => {
    const stranger = await generateKey();
    const good = await detachedSignature(shasums, pair, 'binary');
    const flipped = Buffer.from(good);
    flipped[flipped.length - 3] = flipped[flipped.length - 3]! ^ 1;
    for (const [list, signature] of [
      [shasums, await detachedSignature(shasums, stranger, 'binary')],
      [Buffer.concat([shasums, Buffer.from('\n')]), good],
      [shasums, flipped],
      [shasums, Buffer.alloc(0)],
      [shasums, shasums],
      [shasums, Buffer.from(pair.publicKey)],
    ] as const) {
      const answer = await send(list, signature);
      expect([answer.status, answer.body.type]).toEqual([422, '/problems/shasums-unusable']);
    }
    expect(await provider.version(draft.id)).toMatchObject({ signing_key_id: null });
  });

  it('a list that clients could not read: 422, though it is signed', async () => {
    for (const text of ['', '\n', 'nonsense\n', `${'a'.repeat(64)} *x.zip\n`, `${'a'.repeat(64)}  ./x.zip\n`]) {
      const list = Buffer.from(text);
      expect([text, (await send(list, await detachedSignature(list, pair, 'binary'))).status]).toEqual([text, 422]);
    }
    const huge = Buffer.alloc(2 ** 20 + 1, 10);
    expect((await send(huge, await detachedSignature(huge, pair, 'binary'))).status).toBe(422);
  });

  it('a list that lacks a package, or has another checksum for it: not published, and can be mended', async () => {
    await uploadAll();
    const { line } = packages[0]!;
    for (const list of [line, shasums.toString().replace(line.slice(0, 64), 'f'.repeat(64))].map((text) =>
      Buffer.from(text),
    )) {
      expect((await send(list, await detachedSignature(list, pair, 'binary'))).status).toBe(200);
      const refused = await provider.publish(draft.id);
      expect([refused.status, refused.body.type]).toEqual([422, '/problems/shasums-unusable']);
      expect((await provider.version(draft.id)).status).toBe('draft');
    }
    expect((await send(shasums, await detachedSignature(shasums, pair, 'binary'))).status).toBe(200);
    expect((await provider.publish(draft.id)).status).toBe(200);
  });

  it('both files are needed', async () => {
    const path = `${provider.versionPath(draft.id)}/shasums`;
    for (const part of ['shasums', 'signature']) {
      const answer = await sendForm(server, path, { [part]: { bytes: shasums } });
      expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([
        400,
        part === 'shasums' ? 'signature' : 'shasums',
      ]);
    }
    expect((await server.request('POST', path, {})).status).toBe(415);
  });

  it('is not published with a key that was revoked meanwhile: no client would install it', async () => {
    const home = await createNamespace(server);
    const own = await generateKey();
    await addKey(home, { public_key: own.publicKey });
    const mine = await ProviderDriver.create(server, { namespace: home });
    const version = await mine.draft('1.0.0');
    const bytes = await packageBytes(mine.name, '1.0.0', THIS_PLATFORM);
    await mine.upload(version.id, bytes);
    const { os, arch } = THIS_PLATFORM;
    const list = Buffer.from(`${hex(bytes)}  terraform-provider-${mine.name}_1.0.0_${os}_${arch}.zip\n`);
    const signature = await detachedSignature(list, own, 'binary');
    const fields = { shasums: { bytes: list }, signature: { bytes: signature } };
    expect((await sendForm(server, `${mine.versionPath(version.id)}/shasums`, fields)).status).toBe(200);
    expect((await addKey(home, { public_key: own.revokedKey })).body.revoked_at).not.toBeNull();
    expect((await mine.publish(version.id)).status).toBe(422);
    expect((await sendForm(server, `${mine.versionPath(version.id)}/shasums`, fields)).status).toBe(422);
  });
});

describe('private keys', () => {
  it('that cannot be opened any more: no publication, and it says why; what is published stays', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'plomada-keys-'));
    const secretKey = (): string => randomBytes(32).toString('base64');
    let other = await startTestServer({ ENCRYPTION_KEY: secretKey() }, dataDir);
    try {
      const namespace = await createNamespace(other);
      const { privateKey } = await generateKey();
      await demand(other, 'POST', `/api/namespaces/${namespace.id}/signing-keys`, { private_key: privateKey });
      let provider = await ProviderDriver.create(other, { namespace });
      await provider.release('1.0.0');
      const before = await provider.fetchAll('1.0.0');
      await other.stop();
      other = await startTestServer({ ENCRYPTION_KEY: secretKey(), ENCRYPTION_KEY_LOST: 'true' }, dataDir);
      provider = provider.on(other);
      const after = await provider.fetchAll('1.0.0');
      expect([after.shasums, after.signature]).toEqual([before.shasums, before.signature]);
      const draft = await provider.draft('2.0.0');
      await provider.upload(draft.id, await packageBytes(provider.name, '2.0.0'));
      const answer = await provider.publish(draft.id);
      expect(answer.status).not.toBe(500);
      expect([answer.status >= 400, answer.body.detail]).toEqual([true, expect.stringMatching(/ENCRYPTION_KEY|key/)]);
      expect((await provider.version(draft.id)).status).toBe('draft');
      // A new key gets it going again.
      const path = `/api/namespaces/${namespace.id}/signing-keys`;
      await demand(other, 'POST', path, { private_key: (await generateKey()).privateKey });
      expect((await provider.publish(draft.id)).status).toBe(200);
    } finally {
      await other.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it('are in no answer, no log and no plain column', async () => {
    const namespace = await createNamespace(server);
    const pair = await generateKey({ kind: 'nistP256' });
    const { body } = await addKey(namespace, { private_key: pair.privateKey });
    const provider = await ProviderDriver.create(server, { namespace });
    await provider.release('1.0.0');
    const shown = [
      JSON.stringify(body),
      JSON.stringify(await listKeys(namespace)),
      JSON.stringify(await demand(server, 'GET', '/api/audit?limit=200')),
      printed,
    ];
    const files = readdirSync(server.dataDir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    for (const { name, parentPath } of files) shown.push(readFileSync(join(parentPath, name), 'latin1'));
    expect(files.map(({ name }) => name)).toContain('plomada.db');
    // Lines of the armour that are not the public key's, and the secret number itself.
    const publicLines = new Set(pair.publicKey.split(/\r?\n/));
    const secretLines = pair.privateKey
      .split(/\r?\n/)
      .filter((line) => line.length > 30 && !line.startsWith('-----') && !publicLines.has(line));
    expect(secretLines.length).toBeGreaterThan(2);
    const openpgp = await import('openpgp');
    const { keyPacket } = await openpgp.readPrivateKey({ armoredKey: pair.privateKey });
    const secret = Buffer.from((keyPacket as unknown as { privateParams: { d: Uint8Array } }).privateParams.d);
    expect(secret).toHaveLength(32);
    for (const text of shown) {
      for (const line of secretLines) expect(text.includes(line)).toBe(false);
      expect(text.includes('PGP PRIVATE KEY')).toBe(false);
      expect(text.includes(secret.toString('latin1'))).toBe(false);
      expect(text.includes(secret.toString('base64'))).toBe(false);
      expect(text.includes(secret.toString('hex'))).toBe(false);
    }
    // The log was listened to at all.
    expect(printed).toContain('"event"');
  });
});
