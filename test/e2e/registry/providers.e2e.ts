import { createHash } from 'node:crypto';
import { deflateRawSync, crc32 } from 'node:zlib';
import { isInstalled } from '../../support/installed-programs';
import { THIS_PLATFORM } from '../../support/node-provider/node-provider-zip';
import { askGnupg, isSignatureOf } from '../../support/openpgp-keys';
import {
  type Body,
  createKey,
  createNamespace,
  createSigningNamespace,
  demand,
  packageBytes,
  ProviderDriver,
  sendForm,
  uniqueName,
} from '../../support/provider-driver';
import { rawRequest } from '../../support/raw-request';
import { ADMIN_KEY, startTestServer, type TestServer } from '../../support/test-server';

const LINUX = { os: 'linux', arch: 'amd64' };
const WINDOWS = { os: 'windows', arch: 'amd64' };
const DARWIN = { os: 'darwin', arch: 'arm64' };

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ UPLOAD_MAX_BYTES: '40MiB' });
});
afterAll(() => server.stop());

describe('providers', () => {
  it('are made, shown, changed and deleted', async () => {
    const namespace = await createNamespace(server);
    const made = await server.request('POST', '/api/providers', {
      namespace_id: namespace.name,
      name: 'weather',
      description: 'Rain',
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...{ namespace_id: namespace.id, namespace: namespace.name, name: 'weather', description: 'Rain' },
      ...{ git_url: null, tag_prefix: '', build_on_tag: false, synced: false, sync_error: null },
      ...{ last_synced_at: null, latest_version: null },
    });
    const path = `/api/providers/${made.body.id}`;
    expect((await server.request('GET', path)).body).toEqual(made.body);
    const patched = await server.request('PATCH', path, { description: 'Sun', build_on_tag: true, name: 'sunshine' });
    expect([patched.status, patched.body]).toMatchObject([
      200,
      { description: 'Sun', build_on_tag: true, name: 'sunshine' },
    ]);
    expect((await demand(server, 'GET', `/api/namespaces/${namespace.id}`)).provider_count).toBe(1);
    expect((await server.request('DELETE', `/api/namespaces/${namespace.id}`)).status).toBe(409);
    expect((await server.request('DELETE', path)).status).toBe(204);
    expect((await server.request('GET', path)).status).toBe(404);
    expect((await server.request('DELETE', `/api/namespaces/${namespace.id}`)).status).toBe(204);
  });

  it.each([
    'Weather',
    'we_ather',
    'we--ather',
    '-weather',
    'weather-',
    '',
    'a'.repeat(65),
    'wéather',
    'terraform-provider-weather',
    'terraform-weather',
    'a/b',
    '..',
    'we ather',
    'we.ather',
    'weather\n',
  ])('the name %j is refused: clients would', async (name) => {
    const answer = await server.request('POST', '/api/providers', { namespace_id: 'default', name });
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, 'name']);
  });

  it.each(['one_two', 'one--two'])('the namespace %s can hold none', async (name) => {
    const namespace = await createNamespace(server, { name });
    const answer = await server.request('POST', '/api/providers', { namespace_id: namespace.id, name: 'weather' });
    expect([answer.status, answer.body.errors]).toEqual([
      400,
      [{ field: 'namespace_id', message: expect.stringContaining(name) }],
    ]);
  });

  it('a namespace with providers is not renamed to what can hold none', async () => {
    const provider = await ProviderDriver.create(server);
    const answer = await server.request('PATCH', `/api/namespaces/${provider.namespaceId}`, { name: 'with_bar' });
    expect([400, 409]).toContain(answer.status);
  });

  it('one name is had once in a namespace, also by many at once', async () => {
    const namespace = await createNamespace(server);
    const body = { namespace_id: namespace.id, name: 'twin' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.request('POST', '/api/providers', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    const elsewhere = await ProviderDriver.create(server, { name: 'twin' });
    expect(elsewhere.name).toBe('twin');
    const other = await ProviderDriver.create(server, { namespace, name: 'other' });
    expect((await server.request('PATCH', other.path, { name: 'twin' })).status).toBe(409);
  });

  it('unknown fields, wrong types and useless credentials are refused', async () => {
    for (const fields of [
      { id: 'x' },
      { latest_version: '1.0.0' },
      { build_on_tag: 'yes' },
      { git_password: 'secret' },
      { git_url: 'ext::sh -c id' },
      { description: 5 },
    ]) {
      const body = { namespace_id: 'default', name: uniqueName(), ...fields };
      expect([fields, (await server.request('POST', '/api/providers', body)).status]).toEqual([fields, 400]);
    }
  });

  it('keeps its name once it has versions', async () => {
    const provider = await ProviderDriver.create(server);
    await provider.draft('1.0.0');
    expect((await server.request('PATCH', provider.path, { name: 'late' })).status).toBe(409);
    expect((await server.request('PATCH', provider.path, { description: 'fine' })).status).toBe(200);
  });

  it('are listed newest first, by page, namespace and text', async () => {
    const namespace = await createNamespace(server);
    for (const name of ['rain', 'raindrop', 'sun', 'snow', 'hail']) {
      await ProviderDriver.create(server, { namespace, name, description: name === 'sun' ? 'no RAIN today' : '' });
    }
    const names = async (query: string): Promise<string[]> =>
      (await demand(server, 'GET', `/api/providers?namespace=${namespace.name}&${query}`)).map(
        ({ name }: Body) => name,
      );
    expect(await names('')).toEqual(['hail', 'snow', 'sun', 'raindrop', 'rain']);
    expect(await names('q=rain')).toEqual(['sun', 'raindrop', 'rain']);
    expect(await names('q=%25')).toEqual([]);
    const seen: string[] = [];
    let path: string | null = `/api/providers?namespace=${namespace.id}&limit=2`;
    for (let pages = 0; path !== null && pages < 5; pages++) {
      const answer = await server.request('GET', path);
      seen.push(...answer.body.map(({ name }: Body) => name));
      const link = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
      path = link === undefined ? null : new URL(link, server.url).pathname + new URL(link, server.url).search;
    }
    expect(seen).toEqual(['hail', 'snow', 'sun', 'raindrop', 'rain']);
    for (const query of ['limit=201', 'limit=0', 'cursor=nonsense', 'status=draft', 'namespace=']) {
      expect([query, (await server.request('GET', `/api/providers?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await server.request('GET', '/api/providers?namespace=nowhere')).status).toBe(404);
  });

  describe('for keys', () => {
    let provider: ProviderDriver;
    let draft: Body;
    let published: Body;
    let reader: string;
    let writer: string;
    let stranger: string;

    beforeAll(async () => {
      provider = await ProviderDriver.create(server);
      published = await provider.release('1.0.0');
      draft = await provider.draft('2.0.0');
      reader = (await createKey(server, provider.namespaceId, 'read')).key;
      writer = (await createKey(server, provider.namespaceId, 'write')).key;
      stranger = (await createKey(server, (await createNamespace(server)).id, 'admin')).key;
    });

    const calls = (): [method: string, path: string, body?: unknown][] => [
      ['GET', provider.path],
      ['PATCH', provider.path, { description: 'x' }],
      ['POST', `${provider.path}/sync-tags`],
      ['GET', `${provider.path}/git-tags`],
      ['GET', `${provider.path}/readme`],
      ['GET', `${provider.path}/versions`],
      ['POST', `${provider.path}/versions`, { version: '9.0.0' }],
      ['PATCH', provider.versionPath(published.id), { enabled: true }],
      ['GET', `${provider.versionPath(draft.id)}/platforms`],
      ['POST', `${provider.versionPath(draft.id)}/publish`],
      ['GET', `${provider.versionPath(draft.id)}/builds`],
      ['POST', `${provider.versionPath(draft.id)}/builds`, {}],
      ['GET', `/api/namespaces/${provider.namespaceId}/signing-keys`],
      ['POST', `/api/namespaces/${provider.namespaceId}/signing-keys`, { public_key: 'x' }],
      ['DELETE', provider.versionPath(draft.id)],
      ['DELETE', provider.path],
    ];

    it('of other namespaces there is nothing here', async () => {
      for (const [method, path, body] of calls()) {
        expect([method, path, (await server.request(method, path, body, stranger)).status]).toEqual([
          method,
          path,
          404,
        ]);
      }
      expect((await provider.upload(draft.id, Buffer.from('x'), LINUX, stranger)).status).toBe(404);
      expect(await demand(server, 'GET', '/api/providers', undefined, stranger)).toEqual([]);
      const into = { namespace_id: provider.namespaceId, name: 'mine' };
      expect((await server.request('POST', '/api/providers', into, stranger)).status).toBe(404);
      expect((await server.request('GET', '/api/providers', undefined, null)).status).toBe(401);
    });

    it('that may only read, everything that changes is forbidden', async () => {
      for (const [method, path, body] of calls().filter(([method]) => method !== 'GET')) {
        expect([method, path, (await server.request(method, path, body, reader)).status]).toEqual([method, path, 403]);
      }
      expect((await provider.upload(draft.id, Buffer.from('x'), LINUX, reader)).status).toBe(403);
      expect((await server.request('GET', provider.path, undefined, reader)).status).toBe(200);
    });

    it('that may write, signing keys are still forbidden', async () => {
      const path = `/api/namespaces/${provider.namespaceId}/signing-keys`;
      expect((await server.request('POST', path, {}, writer)).status).toBe(403);
      expect((await server.request('GET', path, undefined, writer)).status).toBe(200);
    });

    it('things of another provider are not found under this one', async () => {
      const other = await ProviderDriver.create(server);
      for (const [method, path] of [
        ['PATCH', other.versionPath(published.id)],
        ['DELETE', other.versionPath(published.id)],
        ['POST', `${other.versionPath(draft.id)}/publish`],
        ['GET', `${other.versionPath(draft.id)}/platforms`],
        ['GET', `${other.versionPath(draft.id)}/builds`],
        ['DELETE', `${other.versionPath(published.id)}/platforms/${published.platforms[0].id}`],
      ] as const) {
        const body = method === 'PATCH' ? { enabled: false } : undefined;
        expect([path, (await server.request(method, path, body)).status]).toEqual([path, 404]);
      }
      for (const id of ['nothing', '..%2f..', "' OR 1=1 --", '00000000-0000-4000-8000-000000000000']) {
        const path = provider.versionPath(encodeURIComponent(id));
        expect([id, (await server.request('DELETE', path)).status]).toEqual([id, 404]);
      }
    });
  });
});

describe('drafts', () => {
  it('are made once, of valid versions alone', async () => {
    const provider = await ProviderDriver.create(server);
    const draft = await provider.draft('1.2.3-rc.1+b7');
    expect(draft).toMatchObject({
      ...{ provider_id: provider.id, version: '1.2.3-rc.1+b7', status: 'draft', protocols: ['5.0'], platforms: [] },
      ...{ git_tag: null, commit_sha: null, enabled: true, deprecated: null, signing_key_id: null, published_at: null },
    });
    const again = { version: '1.2.3-rc.1+b7' };
    expect((await server.request('POST', `${provider.path}/versions`, again)).status).toBe(409);
    for (const version of [
      'v1.0.0',
      '1.0',
      '01.0.0',
      '1.0.0-01',
      '',
      '1.0.0 ',
      ' 1.0.0',
      'latest',
      '1.0.0+',
      '1.0.0\n',
    ]) {
      const answer = await server.request('POST', `${provider.path}/versions`, { version });
      expect([version, answer.status]).toEqual([version, 400]);
    }
    for (const protocols of [['4.0'], ['7.0'], [], ['5.0.0'], '5.0', ['5.0', 6], ['x']]) {
      const answer = await server.request('POST', `${provider.path}/versions`, { version: '2.0.0', protocols });
      expect([protocols, answer.status]).toEqual([protocols, 400]);
    }
  });

  it('are listed highest first and served to nobody', async () => {
    const provider = await ProviderDriver.create(server);
    for (const number of ['1.9.0', '1.10.0', '1.10.0-rc.2', '1.10.0-rc.10']) await provider.draft(number);
    const [first] = await demand(server, 'GET', `${provider.path}/versions`);
    const numbers = (await demand(server, 'GET', `${provider.path}/versions`)).map(({ version }: Body) => version);
    expect(numbers).toEqual(['1.10.0', '1.10.0-rc.10', '1.10.0-rc.2', '1.9.0']);
    await provider.upload(first.id, await packageBytes(provider.name, '1.10.0'));
    const { body, text } = await server.request('GET', `${provider.registryPath}/versions`);
    expect(body).toEqual({ versions: [], warnings: [] });
    expect(text).not.toContain('1.10.0');
    expect((await provider.download('1.10.0')).status).toBe(404);
    expect((await provider.version(first.id)).platforms[0].download_url).toBeNull();
    expect((await demand(server, 'GET', provider.path)).latest_version).toBeNull();
  });
});

describe('packages', () => {
  let provider: ProviderDriver;
  let draft: Body;

  beforeAll(async () => {
    provider = await ProviderDriver.create(server);
  });
  let number = 0;
  beforeEach(async () => {
    draft = await provider.draft(`1.0.${++number}`);
  });
  const good = (platform = LINUX): Promise<Buffer> => packageBytes(provider.name, draft.version, platform);

  it('a good one is taken, one for each platform', async () => {
    const bytes = await good();
    const { status, body } = await provider.upload(draft.id, bytes, LINUX);
    expect([status, body]).toMatchObject([
      201,
      {
        ...{ version_id: draft.id, ...LINUX, size_bytes: bytes.length, shasum: sha256(bytes), download_url: null },
        filename: `terraform-provider-${provider.name}_${draft.version}_linux_amd64.zip`,
      },
    ]);
    expect((await provider.upload(draft.id, bytes, LINUX)).status).toBe(409);
    expect((await provider.upload(draft.id, await good(WINDOWS), WINDOWS)).status).toBe(201);
    const platforms = await demand(server, 'GET', `${provider.versionPath(draft.id)}/platforms`);
    expect(platforms.map(({ os }: Body) => os)).toEqual(['linux', 'windows']);
  });

  it('of ten uploads of one platform at once one is taken', async () => {
    const bytes = await good();
    const answers = await Promise.all(Array.from({ length: 10 }, () => provider.upload(draft.id, bytes, LINUX)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
  });

  it('one is removed from a draft and put in again', async () => {
    const { body } = await provider.upload(draft.id, await good(), LINUX);
    const path = `${provider.versionPath(draft.id)}/platforms/${body.id}`;
    expect((await server.request('DELETE', path)).status).toBe(204);
    expect((await server.request('DELETE', path)).status).toBe(404);
    expect((await provider.publish(draft.id)).status).toBe(409);
    expect((await provider.upload(draft.id, await good(), LINUX)).status).toBe(201);
  });

  describe('is refused and leaves nothing', () => {
    afterEach(async () => {
      expect((await provider.version(draft.id)).platforms).toEqual([]);
    });

    it.each<[string, Parameters<typeof packageBytes>[3], RegExp]>([
      ['without its execute bit', { hasNoExecuteBit: true }, /not executable/],
      ['of another provider', { innerName: 'other' }, /terraform-provider-other_v/],
      ['of another version', { innerVersion: '9.9.9' }, /_v9\.9\.9/],
      ['with a rival', { extraEntries: { 'terraform-provider-acme': 'x' } }, /./],
    ])('%s', async (what, faults, reason) => {
      const extraEntries =
        what === 'with a rival' ? { [`terraform-provider-${provider.name}_v0.0.1`]: 'x' } : undefined;
      const bytes = await packageBytes(provider.name, draft.version, LINUX, extraEntries ? { extraEntries } : faults);
      const answer = await provider.upload(draft.id, bytes, LINUX);
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(reason)]);
    });

    it('a Windows package for Linux', async () => {
      expect((await provider.upload(draft.id, await good(WINDOWS), LINUX)).status).toBe(400);
    });

    it.each<[string, Buffer]>([
      ['nothing', Buffer.alloc(0)],
      ['text', Buffer.from('MZ hello')],
      ['an empty zip', Buffer.concat([Buffer.from('504b0506', 'hex'), Buffer.alloc(18)])],
      ['a gzip', Buffer.from('1f8b08000000000000030300000000000000000000', 'hex')],
    ])('%s', async (_what, bytes) => {
      const answer = await provider.upload(draft.id, bytes, LINUX);
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining('not a zip archive')]);
    });

    it('a zip that was cut', async () => {
      const bytes = await good();
      expect((await provider.upload(draft.id, bytes.subarray(0, -30), LINUX)).status).toBe(400);
      const flipped = Buffer.from(bytes);
      flipped[200] = (flipped[200] ?? 0) ^ 1;
      expect((await provider.upload(draft.id, flipped, LINUX)).status).toBe(400);
    });

    it('a bomb, quickly', async () => {
      const binary = `terraform-provider-${provider.name}_v${draft.version}`;
      const bomb = bombZip(binary, 150 * 2 ** 20);
      expect(bomb.length).toBeLessThan(2 ** 20);
      const began = performance.now();
      const answer = await provider.upload(draft.id, bomb, LINUX);
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining('decompression bomb')]);
      expect(performance.now() - began).toBeLessThan(5_000);
    });

    it('more than UPLOAD_MAX_BYTES', async () => {
      const answer = await provider.upload(draft.id, Buffer.alloc(40 * 2 ** 20 + 1), LINUX);
      expect(answer.status).toBe(413);
    });

    it.each([
      [{ os: 'templeos', arch: 'amd64' }, 'os'],
      [{ os: 'linux', arch: 'z80' }, 'arch'],
      [{ os: 'darwin', arch: '386' }, 'arch'],
      [{ os: 'Linux', arch: 'amd64' }, 'os'],
      [{ os: 'linux', arch: '' }, 'arch'],
      [{ os: '__proto__', arch: 'amd64' }, 'os'],
      [{ os: 'linux', arch: '../amd64' }, 'arch'],
    ])('the platform %j', async (platform, field) => {
      const answer = await provider.upload(draft.id, await good(), platform);
      expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, field]);
    });

    it('forms that are none, or hold other things', async () => {
      const path = `${provider.versionPath(draft.id)}/platforms/upload`;
      expect((await server.request('POST', path, { ...LINUX })).status).toBe(415);
      expect((await server.request('POST', path)).status).toBe(415);
      expect((await sendForm(server, path, { ...LINUX })).status).toBe(400);
      const file = { bytes: await good() };
      expect((await sendForm(server, path, { file })).status).toBe(400);
      expect((await sendForm(server, path, { ...LINUX, file, version: '1.0.0' })).status).toBe(400);
      expect((await sendForm(server, path, { ...LINUX, file, second: file })).status).toBe(400);
      expect((await sendForm(server, path, { ...LINUX, file: 'text' })).status).toBe(400);
    });
  });
});

describe('publishing', () => {
  it('an empty draft cannot be', async () => {
    const provider = await ProviderDriver.create(server);
    const draft = await provider.draft('1.0.0');
    const answer = await provider.publish(draft.id);
    expect([answer.status, answer.body.type]).toEqual([409, '/problems/version-empty']);
  });

  it('fifty at once: one wins, and clients get what it signed', async () => {
    // Without a key yet: the first need makes it.
    const provider = await ProviderDriver.create(server, { namespace: await createNamespace(server) });
    const draft = await provider.draft('1.0.0');
    await provider.upload(draft.id, await packageBytes(provider.name, '1.0.0'));
    const answers = await Promise.all(Array.from({ length: 50 }, () => provider.publish(draft.id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(49).fill(409)]);
    const winner = answers.find(({ status }) => status === 200)?.body;
    expect(await provider.version(draft.id)).toMatchObject({ ...winner, platforms: expect.anything() });
    const keys = await demand(server, 'GET', `/api/namespaces/${provider.namespaceId}/signing-keys`);
    expect(keys).toEqual([expect.objectContaining({ id: winner.signing_key_id, source: 'generated', active: true })]);
    const { shasums, signature, document } = await provider.fetchAll('1.0.0');
    const [{ ascii_armor: publicKey }] = document.signing_keys.gpg_public_keys;
    expect(await isSignatureOf(shasums, signature, publicKey)).toBe(true);
    expect((await provider.publish(draft.id)).status).toBe(409);
  });

  it('while packages come and go, what is signed is what is there', async () => {
    const provider = await ProviderDriver.create(server);
    for (let round = 0; round < 5; round++) {
      const number = `1.0.${round}`;
      const draft = await provider.draft(number);
      const linux = await provider.upload(draft.id, await packageBytes(provider.name, number, LINUX), LINUX);
      const windows = await packageBytes(provider.name, number, WINDOWS);
      await Promise.all([
        provider.publish(draft.id),
        provider.upload(draft.id, windows, WINDOWS),
        provider.publish(draft.id),
        server.request('DELETE', `${provider.versionPath(draft.id)}/platforms/${linux.body.id}`),
      ]);
      const after = await provider.version(draft.id);
      if (after.status !== 'published') continue;
      const [platform] = after.platforms;
      const { shasums } = await provider.fetchAll(number, platform);
      const lines = after.platforms.map(({ shasum, filename }: Body) => `${shasum}  ${filename}\n`);
      expect(shasums.toString()).toBe(lines.join(''));
    }
  });

  describe('a published version', () => {
    let provider: ProviderDriver;
    let version: Body;

    beforeAll(async () => {
      provider = await ProviderDriver.create(server);
      version = await provider.release('1.0.0', [WINDOWS, THIS_PLATFORM, DARWIN]);
    });

    it('has checksums that are sorted by name and signed', async () => {
      const { shasums, signature, document, zip } = await provider.fetchAll('1.0.0');
      const names = shasums
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(66));
      expect(names).toEqual([...names].sort());
      expect(names).toHaveLength(3);
      expect(shasums.toString()).toContain(`${sha256(zip)}  ${document.filename}\n`);
      expect(document.shasum).toBe(sha256(zip));
      const [key, ...others] = document.signing_keys.gpg_public_keys;
      expect(others).toEqual([]);
      expect(await isSignatureOf(shasums, signature, key.ascii_armor)).toBe(true);
      expect(await isSignatureOf(Buffer.concat([shasums, Buffer.from('\n')]), signature, key.ascii_armor)).toBe(false);
      if (isInstalled('gpg')) expect(await askGnupg(shasums, signature, key.ascii_armor)).toContain('GOODSIG');
      expect(document.packages[`${WINDOWS.os}_${WINDOWS.arch}`].hashes).toEqual([
        expect.stringMatching(/^zh:[0-9a-f]{64}$/),
        expect.stringMatching(/^h1:[A-Za-z0-9+/]{43}=$/),
      ]);
    });

    it('is the same to a hundred who ask at once', async () => {
      const all = await Promise.all(Array.from({ length: 100 }, () => provider.fetchAll('1.0.0')));
      for (const part of ['zip', 'shasums', 'signature'] as const) {
        expect([part, new Set(all.map((each) => sha256(each[part]))).size]).toEqual([part, 1]);
      }
      // The links in it change with the minute.
      expect(new Set(all.map(({ json }) => json)).size).toBeLessThanOrEqual(2);
    });

    it('changes no more', async () => {
      const before = await provider.fetchAll('1.0.0');
      const path = provider.versionPath(version.id);
      const bytes = await packageBytes(provider.name, '1.0.0', { os: 'linux', arch: 'arm64' });
      const answers = [
        await provider.upload(version.id, bytes, { os: 'linux', arch: 'arm64' }),
        await server.request('DELETE', `${path}/platforms/${version.platforms[0].id}`),
        await provider.publish(version.id),
        await server.request('POST', `${provider.path}/versions`, { version: '1.0.0' }),
        await sendForm(server, `${path}/shasums`, {
          shasums: { bytes: before.shasums },
          signature: { bytes: before.signature },
        }),
      ];
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 409));
      for (const body of [{ protocols: ['5.0'] }, { version: '1.0.1' }, { status: 'draft' }, { platforms: [] }]) {
        expect([body, (await server.request('PATCH', path, body)).status]).toEqual([body, 400]);
      }
      const after = await provider.fetchAll('1.0.0');
      for (const part of ['zip', 'shasums', 'signature'] as const) expect(after[part]).toEqual(before[part]);
    });

    it('is asked for as clients do, and no other way', async () => {
      const { headers, body } = await server.request('GET', `${provider.registryPath}/versions`);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(body.versions).toEqual([
        {
          ...{ version: '1.0.0', protocols: ['6.0'] },
          platforms: expect.arrayContaining([WINDOWS, DARWIN, THIS_PLATFORM]),
        },
      ]);
      const upper = `/v1/providers/${provider.namespace.toUpperCase()}/${provider.name.toUpperCase()}/versions`;
      expect((await server.request('GET', upper)).status).toBe(200);
      for (const rest of ['v1.0.0/download/linux/amd64', '1.0/download/linux/amd64', '1.0.0/download/plan9/386']) {
        const answer = await server.request('GET', `${provider.registryPath}/${rest}`);
        expect([rest, answer.status, answer.body]).toEqual([rest, 404, { errors: [expect.any(String)] }]);
      }
    });

    it('has links that are worth nothing when they are changed', async () => {
      const { body } = await provider.download('1.0.0');
      const link = new URL(body.download_url, server.url);
      const status = async (change: (url: URL) => void): Promise<number> => {
        const url = new URL(link);
        change(url);
        return (await fetch(url)).status;
      };
      expect(await status(() => undefined)).toBe(200);
      expect(await status((url) => url.searchParams.set('expires', '9999999999'))).toBe(403);
      expect(await status((url) => url.searchParams.set('for', 'provider.other'))).toBe(403);
      expect(await status((url) => (url.pathname = url.pathname.replace(/_1\.0\.0_/, '_1.0.1_')))).toBe(403);
      expect(await status((url) => url.searchParams.delete('signature'))).toBeGreaterThanOrEqual(400);
      expect((await fetch(link, { method: 'HEAD' })).headers.get('content-length')).toBe(
        String(body.packages[`${THIS_PLATFORM.os}_${THIS_PLATFORM.arch}`].package_size),
      );
      const range = await fetch(link, { headers: { range: 'bytes=1-3' } });
      expect([range.status, (await range.arrayBuffer()).byteLength]).toEqual([206, 3]);
    });
  });

  it('a version with build metadata is served under its whole name', async () => {
    const provider = await ProviderDriver.create(server);
    await provider.release('1.0.0-rc.1+b.7');
    const { document, shasums } = await provider.fetchAll('1.0.0-rc.1+b.7');
    expect(document.filename).toContain('_1.0.0-rc.1+b.7_');
    expect(shasums.toString()).toContain('_1.0.0-rc.1+b.7_');
    const encoded = await server.request(
      'GET',
      `${provider.registryPath}/1.0.0-rc.1%2Bb.7/download/${THIS_PLATFORM.os}/${THIS_PLATFORM.arch}`,
    );
    expect(encoded.status).toBe(200);
  });

  it('a version that is switched off is not listed, not served, and its links are dead', async () => {
    const provider = await ProviderDriver.create(server);
    await provider.release('1.0.0');
    const second = await provider.release('2.0.0');
    const latest = async (): Promise<string> => (await demand(server, 'GET', provider.path)).latest_version;
    const listed = async (): Promise<string[]> =>
      (await server.request('GET', `${provider.registryPath}/versions`)).body.versions.map(
        ({ version }: Body) => version,
      );
    expect([await latest(), await listed()]).toEqual(['2.0.0', ['2.0.0', '1.0.0']]);
    const { body: document } = await provider.download('2.0.0');
    const links = [document.download_url, document.shasums_url, document.shasums_signature_url];
    const statuses = (): Promise<number[]> =>
      Promise.all(links.map(async (link) => (await fetch(new URL(link, server.url))).status));
    expect(await statuses()).toEqual([200, 200, 200]);
    await demand(server, 'PATCH', provider.versionPath(second.id), { enabled: false });
    expect([await latest(), await listed(), await statuses()]).toEqual(['1.0.0', ['1.0.0'], [404, 404, 404]]);
    expect((await provider.download('2.0.0')).status).toBe(404);
    expect((await provider.version(second.id)).platforms[0].download_url).toBeNull();
    await demand(server, 'PATCH', provider.versionPath(second.id), { enabled: true });
    expect([await latest(), await listed(), await statuses()]).toEqual(['2.0.0', ['2.0.0', '1.0.0'], [200, 200, 200]]);
    expect((await server.request('DELETE', provider.versionPath(second.id))).status).toBe(204);
    expect([await latest(), await listed(), await statuses()]).toEqual(['1.0.0', ['1.0.0'], [404, 404, 404]]);
    expect((await server.request('DELETE', provider.path)).status).toBe(204);
    expect((await server.request('GET', `${provider.registryPath}/versions`)).status).toBe(404);
  });

  it('downloads are counted', async () => {
    const provider = await ProviderDriver.create(server);
    const version = await provider.release('1.0.0');
    for (let time = 0; time < 3; time++) await provider.fetchAll('1.0.0');
    expect((await provider.version(version.id)).downloads).toBe(3);
  });

  it('a namespace that becomes private is closed at once, and its links are for those who had them', async () => {
    const namespace = await createSigningNamespace(server, { is_public: true });
    const provider = await ProviderDriver.create(server, { namespace });
    await provider.release('1.0.0');
    const anybody = async (): Promise<number[]> => [
      (await server.request('GET', `${provider.registryPath}/versions`, undefined, null)).status,
      (await provider.download('1.0.0', THIS_PLATFORM, null)).status,
    ];
    expect(await anybody()).toEqual([200, 200]);
    await demand(server, 'PATCH', `/api/namespaces/${namespace.id}`, { is_public: false });
    expect(await anybody()).toEqual([401, 401]);
  });
});

describe('hostile paths of the protocol', () => {
  const NAMES = [
    '..',
    '%2e%2e',
    'a%2fb',
    'a%00b',
    'İ',
    '%E2%80%AE',
    '%ff',
    '__proto__',
    'x'.repeat(3000),
    "'--",
    '%25',
    ' ',
  ];

  it('are not found, in the words of the protocol', async () => {
    const provider = await ProviderDriver.create(server);
    const { os, arch } = THIS_PLATFORM;
    for (const name of NAMES) {
      for (const path of [
        `/v1/providers/${name}/weather/versions`,
        `/v1/providers/${provider.namespace}/${name}/versions`,
        `${provider.registryPath}/${name}/download/${os}/${arch}`,
        `${provider.registryPath}/1.0.0/download/${name}/${arch}`,
        `${provider.registryPath}/1.0.0/download/${os}/${name}`,
        `/v1/artifacts/${name}/x.zip?expires=9999999999&for=provider.x&signature=x`,
        `/v1/artifacts/${'a'.repeat(64)}/${name}?expires=1&for=x&signature=x`,
      ]) {
        const sent = await rawRequest(server.url, {
          path: path.replaceAll(' ', '%20').replaceAll('İ', '%C4%B0'),
          headers: { authorization: `Bearer ${ADMIN_KEY}` },
        });
        expect([path, sent.status, sent.text]).toEqual([path, expect.any(Number), expect.stringContaining('{')]);
        expect([path, [400, 403, 404].includes(sent.status), sent.body.errors?.length]).toEqual([path, true, 1]);
      }
    }
    const nobody = await server.request('GET', `${provider.registryPath}/versions`, undefined, null);
    expect([nobody.status, nobody.body]).toEqual([401, { errors: [expect.any(String)] }]);
    // Whether there is such a namespace is not told to nobodies.
    const nowhere = await server.request('GET', '/v1/providers/nowhere/weather/versions', undefined, null);
    expect([nowhere.status, nowhere.body]).toEqual([401, nobody.body]);
  });
});

describe('races', () => {
  it('of everything that can be done to a version at once end in answers, not in errors of the server', async () => {
    const namespace = await createSigningNamespace(server);
    for (let round = 0; round < 6; round++) {
      const provider = await ProviderDriver.create(server, { namespace });
      const draft = await provider.draft('1.0.0');
      await provider.upload(draft.id, await packageBytes(provider.name, '1.0.0', LINUX), LINUX);
      const [windows, darwin] = await Promise.all([
        packageBytes(provider.name, '1.0.0', WINDOWS),
        packageBytes(provider.name, '1.0.0', DARWIN),
      ]);
      const path = provider.versionPath(draft.id);
      const answers = await Promise.all([
        provider.upload(draft.id, windows, WINDOWS),
        provider.publish(draft.id),
        server.request('PATCH', path, { deprecated: 'soon' }),
        provider.upload(draft.id, darwin, DARWIN),
        server.request('DELETE', round % 2 === 0 ? path : provider.path),
        provider.publish(draft.id),
        server.request('GET', `${provider.registryPath}/versions`),
        provider.download('1.0.0'),
        server.request('POST', `${provider.path}/versions`, { version: '1.0.0' }),
        server.request('PATCH', provider.path, { description: 'x' }),
      ]);
      for (const { status, text } of answers) expect([status < 500, text]).toEqual([true, text]);
    }
  });

  it('of one name in two namespaces meet nowhere', async () => {
    const [one, two] = [
      await ProviderDriver.create(server, { name: 'same' }),
      await ProviderDriver.create(server, { name: 'same' }),
    ];
    await Promise.all([one.release('1.0.0'), two.release('1.0.0')]);
    const [first, second] = [await one.fetchAll('1.0.0'), await two.fetchAll('1.0.0')];
    expect(first.document.signing_keys).not.toEqual(second.document.signing_keys);
    // The same content, stored once, is served to each by its own links.
    expect(first.zip).toEqual(second.zip);
    const [gone] = await demand(server, 'GET', `${one.path}/versions`);
    await demand(server, 'DELETE', one.versionPath(gone.id));
    await demand(server, 'POST', '/api/maintenance/sweep', {});
    expect((await two.fetchAll('1.0.0')).zip).toEqual(second.zip);
  });
});

describe('the trail', () => {
  it('tells who did what to a provider', async () => {
    const provider = await ProviderDriver.create(server, { namespace: await createNamespace(server) });
    const version = await provider.release('1.0.0');
    await demand(server, 'PATCH', provider.versionPath(version.id), { deprecated: 'old' });
    await demand(server, 'DELETE', provider.versionPath(version.id));
    await demand(server, 'DELETE', provider.path);
    const entries = await demand(server, 'GET', '/api/audit?limit=20');
    const actions = entries
      .filter((entry: Body) => entry.namespace_id === provider.namespaceId)
      .map(({ action }: Body) => action);
    expect(actions).toEqual([
      'provider.delete',
      'provider_version.delete',
      'provider_version.update',
      'provider_version.publish',
      'signing_key.create',
      'provider_version.upload',
      'provider_version.create',
      'provider.create',
      'namespace.create',
    ]);
  });

  it('a deprecation cannot paint on the terminals of those who read it', async () => {
    const provider = await ProviderDriver.create(server);
    const draft = await provider.draft('1.0.0');
    for (const deprecated of ['\u001b[2J', 'a\u0007', '\u009b31m', 'x\u0000']) {
      const answer = await server.request('PATCH', provider.versionPath(draft.id), { deprecated });
      expect([deprecated, answer.status]).toEqual([deprecated, 400]);
    }
    for (const deprecated of ['', 5, 'x'.repeat(1001)]) {
      const answer = await server.request('PATCH', provider.versionPath(draft.id), { deprecated });
      expect([deprecated, answer.status]).toEqual([deprecated, 400]);
    }
    const kept = await server.request('PATCH', provider.versionPath(draft.id), { deprecated: 'Größe 2 ist da.' });
    expect(kept.body.deprecated).toBe('Größe 2 ist da.');
  });
});

/** A zip with one executable of zeros: what it unpacks to is a thousand times its size. */
function bombZip(name: string, bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  const data = deflateRawSync(content, { level: 9 });
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, Buffer.from(name), data]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((0o100755 << 16) >>> 0, 6);
  const directory = Buffer.concat([
    Buffer.from('504b0102', 'hex'),
    Buffer.from([20, 3]),
    common,
    rest,
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, directory, end]);
}
