import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { tarGz, zip } from '../../support/archive-builders';
import { createRepository } from '../../support/git-fixture';
import { asEntries, ModuleDriver, send, sha256, SMALL_MODULE, uploadForm } from '../../support/module-driver';
import { MovedClock } from '../../support/moved-clock';
import { rawRequest } from '../../support/raw-request';
import { ADMIN_KEY, startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MODULE_FIELDS = [
  ...['id', 'namespace_id', 'namespace', 'name', 'provider', 'description', 'git_url', 'subdir', 'tag_prefix'],
  ...['synced', 'sync_error', 'last_synced_at', 'latest_version', 'usage', 'created_at', 'updated_at'],
].sort();
const VERSION_FIELDS = [
  ...['id', 'module_id', 'version', 'git_tag', 'commit_sha', 'tag_moved', 'enabled', 'deprecated', 'size_bytes'],
  ...['sha256', 'downloads', 'download_url', 'created_at'],
].sort();

let server: TestServer;
let clock: MovedClock;
let archive: Buffer;

beforeAll(async () => {
  server = await startTestServer();
  clock = new MovedClock(server);
  archive = tarGz(asEntries(SMALL_MODULE));
});
afterAll(() => server.stop());
afterEach(() => clock.reset());

const ask = (method: string, path: string, body?: unknown, key?: string | null): Promise<TestResponse> =>
  server.request(method, path, body, key);
/** The body of an answer with this status. */
const expectAnswer = async (
  status: number,
  method: string,
  path: string,
  body?: unknown,
  key?: string | null,
): Promise<TestResponse['body']> => {
  const answer = await ask(method, path, body, key);
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text: expect.any(String) });
  return answer.body;
};
let counter = 0;
const unique = (prefix: string): string => `${prefix}-${++counter}`;
const newNamespace = (fields = {}): Promise<TestResponse['body']> =>
  expectAnswer(201, 'POST', '/api/namespaces', { name: unique('space'), ...fields });
const newKey = async (namespace: string, permissions: string): Promise<string> =>
  (await expectAnswer(201, 'POST', `/api/namespaces/${namespace}/api-keys`, { name: unique('key'), permissions })).key;
const fieldsOf = (answer: TestResponse['body']): string[] =>
  answer.errors.map(({ field }: { field: string }) => field).sort();

describe('modules', () => {
  it('are made in a namespace by its id or name, changed, and deleted', async () => {
    const space = await newNamespace();
    const made = await expectAnswer(201, 'POST', '/api/modules', {
      namespace_id: space.name,
      name: 'Net_work-1',
      provider: 'aws',
    });
    expect(Object.keys(made).sort()).toEqual(MODULE_FIELDS);
    expect(made).toEqual({
      id: expect.stringMatching(UUID),
      namespace_id: space.id,
      namespace: space.name,
      name: 'Net_work-1',
      provider: 'aws',
      description: '',
      git_url: null,
      subdir: '.',
      tag_prefix: '',
      synced: false,
      sync_error: null,
      last_synced_at: null,
      latest_version: null,
      usage: expect.anything(),
      created_at: expect.stringMatching(TIME),
      updated_at: made.created_at,
    });
    expect(made.usage.source).toBe(`${new URL(server.url).host}/${space.name}/Net_work-1/aws`);
    const path = `/api/modules/${made.id}`;
    expect(await expectAnswer(200, 'GET', path)).toEqual(made);
    const patched = await expectAnswer(200, 'PATCH', path, { description: 'all the nets', subdir: 'a//b/../c/' });
    expect(patched).toMatchObject({ description: 'all the nets', subdir: 'a/c', name: 'Net_work-1', provider: 'aws' });
    expect(await expectAnswer(200, 'PUT', path, { name: 'net', provider: 'azurerm' })).toMatchObject({
      name: 'net',
      provider: 'azurerm',
      description: 'all the nets',
    });
    expect(await expectAnswer(200, 'GET', path)).toMatchObject({ name: 'net', provider: 'azurerm', subdir: 'a/c' });
    expect((await expectAnswer(200, 'GET', `/api/namespaces/${space.id}`)).module_count).toBe(1);
    await expectAnswer(409, 'DELETE', `/api/namespaces/${space.id}`);
    await expectAnswer(204, 'DELETE', path);
    await expectAnswer(404, 'GET', path);
    await expectAnswer(404, 'DELETE', path);
    await expectAnswer(204, 'DELETE', `/api/namespaces/${space.id}`);
    const byId = await newNamespace();
    expect(
      await expectAnswer(201, 'POST', '/api/modules', { namespace_id: byId.id, name: 'x', provider: '1' }),
    ).toMatchObject({ namespace: byId.name });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['nothing', {}, ['name', 'provider']],
    ['a name with a dot', { name: 'a.b', provider: 'aws' }, ['name']],
    ['a name that ends in a hyphen', { name: 'ab-', provider: 'aws' }, ['name']],
    ['a name of 65', { name: 'a'.repeat(65), provider: 'aws' }, ['name']],
    ['a name with a line break', { name: 'ab\n', provider: 'aws' }, ['name']],
    ['a Turkish name', { name: 'İst', provider: 'aws' }, ['name']],
    ['an upper-case provider', { name: 'ab', provider: 'AWS' }, ['provider']],
    ['a provider with a hyphen', { name: 'ab', provider: 'a-b' }, ['provider']],
    ['a number for a name', { name: 1, provider: 'aws' }, ['name']],
    ['an unknown field', { name: 'ab', provider: 'aws', colour: 'red' }, ['colour']],
    ['read-only fields', { name: 'ab', provider: 'aws', id: 'x', latest_version: '1.0.0' }, ['id', 'latest_version']],
    ['a description of a list', { name: 'ab', provider: 'aws', description: [] }, ['description']],
    ['null for a description', { name: 'ab', provider: 'aws', description: null }, ['description']],
    ['a URL with a password', { name: 'ab', provider: 'aws', git_url: 'https://a:b@git.example.com/x' }, ['git_url']],
    ['ext::', { name: 'ab', provider: 'aws', git_url: 'ext::sh -c touch% /tmp/x' }, ['git_url']],
    ['an option for a URL', { name: 'ab', provider: 'aws', git_url: '--upload-pack=touch /tmp/x' }, ['git_url']],
    ['ssh with an option', { name: 'ab', provider: 'aws', git_url: 'ssh://-oProxyCommand=x/y' }, ['git_url']],
    ['a folder above', { name: 'ab', provider: 'aws', subdir: '../x' }, ['subdir']],
    ['an absolute folder', { name: 'ab', provider: 'aws', subdir: '/etc' }, ['subdir']],
    ['the folder .git', { name: 'ab', provider: 'aws', subdir: 'a/.GIT' }, ['subdir']],
    ['a prefix that is an option', { name: 'ab', provider: 'aws', tag_prefix: '--x' }, ['tag_prefix']],
    [
      'a key that is none',
      { name: 'ab', provider: 'aws', git_url: 'https://g.example.com/x', git_ssh_key: 'x' },
      ['git_ssh_key'],
    ],
  ])('%s is refused by the name of the field', async (_what, fields, wrong) => {
    const answer = await ask('POST', '/api/modules', { namespace_id: 'default', ...fields });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect({ status: answer.status, fields: fieldsOf(answer.body) }).toEqual({ status: 400, fields: wrong });
  });

  it('a missing namespace is 400, an unknown one 404', async () => {
    expect(fieldsOf(await expectAnswer(400, 'POST', '/api/modules', { name: 'ab', provider: 'aws' }))).toEqual([
      'namespace_id',
    ]);
    await expectAnswer(404, 'POST', '/api/modules', { namespace_id: 'nowhere', name: 'ab', provider: 'aws' });
    await expectAnswer(400, 'PATCH', `/api/modules/${(await ModuleDriver.create(server)).id}`, { namespace_id: 'x' });
    for (const id of ['x', '%2e%2e', 'null', '00000000-0000-4000-8000-000000000000']) {
      await expectAnswer(404, 'GET', `/api/modules/${id}`);
      await expectAnswer(404, 'GET', `/api/modules/${id}/versions`);
    }
  });

  it('twins in case are refused, on making and renaming, also fifty at once', async () => {
    const { id: namespace_id } = await newNamespace();
    await expectAnswer(201, 'POST', '/api/modules', { namespace_id, name: 'Network', provider: 'aws' });
    await expectAnswer(409, 'POST', '/api/modules', { namespace_id, name: 'network', provider: 'aws' });
    await expectAnswer(409, 'POST', '/api/modules', { namespace_id, name: 'Network', provider: 'aws' });
    await expectAnswer(201, 'POST', '/api/modules', { namespace_id, name: 'NETWORK', provider: 'google' });
    const other = await expectAnswer(201, 'POST', '/api/modules', { namespace_id, name: 'other', provider: 'aws' });
    await expectAnswer(409, 'PATCH', `/api/modules/${other.id}`, { name: 'nETWORK' });
    expect(await expectAnswer(200, 'PATCH', `/api/modules/${other.id}`, { name: 'OTHER' })).toMatchObject({
      name: 'OTHER',
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, place) =>
        ask('POST', '/api/modules', { namespace_id, name: place % 2 ? 'race' : 'RACE', provider: 'aws' }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array<number>(49).fill(409)]);
  });

  it('keep their address once they have versions', async () => {
    const module = await ModuleDriver.create(server);
    const version = await module.publish('1.0.0', archive);
    expect((await module.request('PATCH', '', { name: 'renamed' })).status).toBe(409);
    expect((await module.request('PATCH', '', { provider: 'other' })).status).toBe(409);
    expect((await module.request('PATCH', '', { name: module.name, description: 'fine' })).status).toBe(200);
    await module.request('DELETE', `/versions/${version.id}`);
    expect((await module.request('PATCH', '', { name: 'renamed' })).body).toMatchObject({ name: 'renamed' });
  });

  it('are listed newest first in pages, by namespace, provider and text', async () => {
    const space = await newNamespace();
    const names = ['one', 'two', 'three', 'fo_ur', 'five'];
    for (const [place, name] of names.entries()) {
      await ModuleDriver.create(server, {
        namespace_id: space.id,
        name,
        provider: place % 2 ? 'odd' : 'even',
        description: name === 'two' ? '100% of_Nets' : '',
      });
    }
    const listed = async (query: string): Promise<string[]> =>
      (await expectAnswer(200, 'GET', `/api/modules?namespace=${space.name}&${query}`)).map(
        ({ name }: { name: string }) => name,
      );
    expect(await listed('')).toEqual([...names].reverse());
    expect(await listed('provider=odd')).toEqual(['fo_ur', 'two']);
    expect(await listed('q=O')).toEqual(['fo_ur', 'two', 'one']);
    expect(await listed('q=%25')).toEqual(['two']);
    expect(await listed('q=_')).toEqual(['fo_ur', 'two']);
    expect(await listed('q=nets')).toEqual(['two']);
    expect(await listed(`q=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([]);
    const pages: string[][] = [];
    for (let next: string | undefined = `/api/modules?namespace=${space.id}&limit=2`; next !== undefined;) {
      const page = await ask('GET', next);
      pages.push(page.body.map(({ name }: { name: string }) => name));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toEqual([['five', 'fo_ur'], ['three', 'two'], ['one']]);
    for (const query of [
      'limit=201',
      'limit=0',
      'limit=-1',
      'limit=x',
      'cursor=x',
      'colour=red',
      'provider=A-B',
      'limit=1e2',
    ]) {
      const field = query.split('=')[0];
      const answer = await ask('GET', `/api/modules?${query}`);
      expect({
        query,
        status: answer.status,
        fields: answer.body.errors?.map((one: { field: string }) => one.field),
      }).toEqual({
        query,
        status: 400,
        fields: [field],
      });
    }
    await expectAnswer(404, 'GET', '/api/modules?namespace=nowhere');
  });

  it('keys of other namespaces learn nothing, and a read key changes nothing', async () => {
    const [mine, theirs] = [await newNamespace(), await newNamespace({ is_public: true })];
    const reader = await newKey(mine.id, 'read');
    const writer = await newKey(mine.id, 'write');
    const stranger = await newKey(theirs.id, 'admin');
    const module = await ModuleDriver.create(server, { namespace_id: mine.id });
    const version = await module.publish('1.0.0', archive);
    const routes: [string, string, unknown?][] = [
      ['GET', module.path],
      ['PATCH', module.path, { description: 'x' }],
      ['PUT', module.path, { description: 'x' }],
      ['POST', `${module.path}/sync-tags`],
      ['GET', `${module.path}/git-tags`],
      ['GET', `${module.path}/versions`],
      ['POST', `${module.path}/versions`, { version: '2.0.0' }],
      ['PATCH', `${module.path}/versions/${version.id}`, { enabled: false }],
      ['DELETE', `${module.path}/versions/${version.id}`],
      ['GET', `${module.path}/readme`],
      ['GET', `${module.path}/docs`],
      ['GET', `${module.path}/webhook`],
      ['POST', `${module.path}/webhook`],
      ['DELETE', module.path],
      ['POST', '/api/modules', { namespace_id: mine.id, name: 'more', provider: 'aws' }],
      ['GET', `/api/modules?namespace=${mine.name}`],
    ];
    for (const [method, path, body] of routes) {
      const answer = async (key: string | null): Promise<unknown> => ({
        method,
        path,
        status: (await ask(method, path, body, key)).status,
      });
      expect(await answer(stranger)).toEqual({ method, path, status: 404 });
      expect(await answer(null)).toEqual({ method, path, status: 401 });
      const writes = method !== 'GET' || path.endsWith('/webhook');
      if (writes) expect(await answer(reader)).toEqual({ method, path, status: 403 });
    }
    expect((await module.upload('2.0.0', archive, stranger)).status).toBe(404);
    expect((await module.upload('2.0.0', archive, reader)).status).toBe(403);
    expect((await expectAnswer(200, 'GET', '/api/modules', undefined, stranger)).length).toBe(0);
    expect((await expectAnswer(200, 'GET', '/api/modules', undefined, reader)).length).toBe(1);
    expect((await module.upload('2.0.0', archive, writer)).status).toBe(201);
    const other = await ModuleDriver.create(server, { namespace_id: theirs.id });
    const foreign = await other.publish('1.0.0', archive);
    expect((await module.request('DELETE', `/versions/${foreign.id}`)).status).toBe(404);
    expect((await module.request('PATCH', `/versions/${foreign.id}`, { enabled: false })).status).toBe(404);
  });

  it('are called the same in any letter case by clients', async () => {
    const space = await newNamespace({ is_public: true });
    const module = await ModuleDriver.create(server, { namespace_id: space.id, name: 'NetWork' });
    await module.publish('1.0.0', archive);
    for (const path of [`${space.name}/NetWork`, `${space.name}/network`, `${space.name.toUpperCase()}/NETWORK`]) {
      const list = await ask('GET', `/v1/modules/${path}/test/versions`, undefined, null);
      expect({ path, status: list.status, body: list.body }).toEqual({
        path,
        status: 200,
        body: { modules: [{ versions: [{ version: '1.0.0' }] }] },
      });
      expect((await ask('GET', `/v1/modules/${path}/test/1.0.0/download`, undefined, null)).status).toBe(204);
    }
    for (const path of [
      '/v1/modules/a%2fb/x/test/versions',
      '/v1/modules/default/a%00b/test/versions',
      '/v1/modules/default/..%2f/test/versions',
    ]) {
      const answer = await ask('GET', path);
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
      expect(Object.keys(answer.body)).toEqual(['errors']);
    }
  });
});

describe('uploads', () => {
  const FILES = { ...SMALL_MODULE, 'README.md': '# Small\n', 'modules/x/main.tf': 'output "x" {\n  value = 1\n}\n' };

  it('the same tree gives the same archive, however it comes', async () => {
    const repository = await createRepository({ files: FILES, tags: ['v1.0.0'] });
    const fromGit = await ModuleDriver.create(server, { git_url: repository.url });
    await fromGit.synced();
    const expected = (await fromGit.version('1.0.0')).sha256;
    const module = await ModuleDriver.create(server);
    const ways: [string, Buffer][] = [
      ['1.0.0', tarGz(asEntries(FILES))],
      ['1.0.1', zip(asEntries(FILES))],
      ['1.0.2', tarGz(asEntries(FILES, 'owner-repo-abc123/'))],
      ['1.0.3', zip(asEntries(FILES, './top/'))],
      ['1.0.4', tarGz([...asEntries(FILES)].reverse())],
      ['1.0.5', zip([{ name: '__MACOSX/._main.tf', content: 'x' }, ...asEntries(FILES, 'top/')])],
      [
        '1.0.6',
        tarGz([
          ...asEntries(FILES),
          { name: '.git/config', content: '[core]' },
          { name: '.terraform/x', content: 'x' },
        ]),
      ],
    ];
    for (const [version, upload] of ways) {
      const made = await module.publish(version, upload);
      expect(Object.keys(made).sort()).toEqual(VERSION_FIELDS);
      expect({ version, sha256: made.sha256 }).toEqual({ version, sha256: expected });
    }
    const stored = await module.download('1.0.0');
    expect(sha256(stored)).toBe(expected);
    expect(stored.length).toBe((await module.version('1.0.0')).size_bytes);
    expect(gunzipSync(stored).toString('latin1')).toContain('modules/x/main.tf');
    await repository.remove();
  });

  it('a version is what it says, and there is but one of each', async () => {
    const module = await ModuleDriver.create(server);
    for (const version of [
      'v1.0.0',
      '1.0',
      '01.0.0',
      '1.0.0 ',
      '',
      'latest',
      '1.0.0-',
      `1.0.0-${'x'.repeat(200)}`,
      '../1.0.0',
      '1.0.0+',
    ]) {
      const answer = await module.upload(version, archive);
      expect({ version, status: answer.status, fields: fieldsOf(answer.body) }).toEqual({
        version,
        status: 400,
        fields: ['version'],
      });
    }
    for (const version of ['1.0.0', '1.0.0-rc.1', '1.0.0+build.1', '10.0.0', '9.0.0']) {
      expect((await module.upload(version, archive)).status).toBe(201);
      expect((await module.upload(version, archive)).status).toBe(409);
    }
    expect(await module.numbers()).toEqual(['10.0.0', '9.0.0', '1.0.0+build.1', '1.0.0', '1.0.0-rc.1']);
    expect((await module.get()).latest_version).toBe('10.0.0');
    expect(sha256(await module.download('1.0.0+build.1'))).toBe((await module.version('1.0.0+build.1')).sha256);
  });

  it('readme and docs, of the latest or the version asked for', async () => {
    const module = await ModuleDriver.create(server);
    await module.publish(
      '1.0.0',
      tarGz(
        asEntries({
          'README.md': '# One\n',
          'main.tf': `terraform {
  required_version = ">= 1.0"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
}
variable "size" {
  type        = number
  description = "How large"
  default     = 3
}
variable "secret" {
  type      = string
  sensitive = true
}
resource "aws_vpc" "main" {}
data "aws_region" "here" {}
output "id" {
  value       = aws_vpc.main.id
  description = "Its id"
}
`,
          'modules/sub/main.tf': 'variable "x" {}\n',
        }),
      ),
    );
    await module.publish('2.0.0', archive);
    const docs = (await module.request('GET', '/docs?version=1.0.0')).body;
    expect(docs).toMatchObject({
      version: '1.0.0',
      outputs: [{ name: 'id', description: 'Its id', sensitive: false }],
      required_providers: [{ name: 'aws', source: 'hashicorp/aws', version: '~> 5.0' }],
      submodules: ['modules/sub'],
    });
    expect(docs.inputs).toEqual(
      expect.arrayContaining([
        { name: 'size', type: 'number', description: 'How large', default: 3, required: false, sensitive: false },
        { name: 'secret', type: 'string', description: null, default: null, required: true, sensitive: true },
      ]),
    );
    expect(docs.resources).toEqual(
      expect.arrayContaining([
        { type: 'aws_vpc', name: 'main', mode: 'managed' },
        { type: 'aws_region', name: 'here', mode: 'data' },
      ]),
    );
    expect((await module.request('GET', '/readme?version=1.0.0')).body).toEqual({
      version: '1.0.0',
      content: '# One\n',
    });
    expect((await module.request('GET', '/readme')).body).toEqual({ version: '2.0.0', content: null });
    expect((await module.request('GET', '/docs')).body).toMatchObject({ version: '2.0.0', resources: [] });
    expect((await module.request('GET', '/docs?version=3.0.0')).status).toBe(404);
    expect((await module.request('GET', '/docs?versions=3.0.0')).status).toBe(400);
    const empty = await ModuleDriver.create(server);
    expect((await empty.request('GET', '/docs')).status).toBe(404);
    expect((await empty.request('GET', '/readme')).status).toBe(404);
  });

  it('a module that cannot be read as HCL is published, and its docs say what is wrong', async () => {
    const module = await ModuleDriver.create(server);
    await module.publish('1.0.0', tarGz([{ name: 'main.tf', content: 'variable "x" {\n' }]));
    expect((await module.request('GET', '/docs')).body.problems).toEqual([expect.stringContaining('main.tf')]);
  });
});

describe('versions', () => {
  it('switched off are neither listed nor served, and links made before die', async () => {
    const module = await ModuleDriver.create(server);
    const version = await module.publish('1.0.0', archive);
    await module.publish('0.9.0', archive);
    const link = await module.link('1.0.0');
    expect((await fetch(`${server.url}${link}`)).status).toBe(200);
    const off = await module.request('PATCH', `/versions/${version.id}`, { enabled: false });
    expect(off.body).toMatchObject({ enabled: false, download_url: null });
    expect((await fetch(`${server.url}${link}`)).status).toBe(404);
    expect((await fetch(version.download_url)).status).toBe(404);
    expect((await send(server, 'GET', `${module.protocolPath}/versions`)).body).toEqual({
      modules: [{ versions: [{ version: '0.9.0' }] }],
    });
    const refused = await send(server, 'GET', `${module.protocolPath}/1.0.0/download`);
    expect(refused.body).toEqual({ errors: [expect.stringContaining('disabled')] });
    expect(await module.get()).toMatchObject({ latest_version: '0.9.0' });
    await module.request('PATCH', `/versions/${version.id}`, { enabled: true });
    expect((await fetch(`${server.url}${link}`)).status).toBe(200);
    expect(await module.get()).toMatchObject({ latest_version: '1.0.0' });
  });

  it('are deprecated with a reason, and that is taken back', async () => {
    const module = await ModuleDriver.create(server);
    const { id } = await module.publish('1.0.0', archive);
    const change = (body: unknown): Promise<TestResponse> => module.request('PATCH', `/versions/${id}`, body);
    expect((await change({ deprecated: 'Use 2.0.0' })).body).toMatchObject({ deprecated: 'Use 2.0.0', enabled: true });
    expect(await module.version('1.0.0')).toMatchObject({ deprecated: 'Use 2.0.0' });
    expect((await send(server, 'GET', `${module.protocolPath}/versions`)).body.modules[0].versions).toHaveLength(1);
    expect((await change({ enabled: false })).body).toMatchObject({ deprecated: 'Use 2.0.0', enabled: false });
    expect((await change({ deprecated: null, enabled: true })).body).toMatchObject({ deprecated: null, enabled: true });
    for (const body of [
      { enabled: null },
      { enabled: 'yes' },
      { deprecated: '' },
      { deprecated: 1 },
      { version: '2.0.0' },
      { sha256: 'x' },
    ]) {
      const answer = await change(body);
      expect({ body, status: answer.status, fields: fieldsOf(answer.body) }).toEqual({
        body,
        status: 400,
        fields: Object.keys(body),
      });
    }
  });

  it('deleted are gone, and their number is free again', async () => {
    const module = await ModuleDriver.create(server);
    const version = await module.publish('1.0.0', archive);
    const link = await module.link('1.0.0');
    expect((await module.request('DELETE', `/versions/${version.id}`)).status).toBe(204);
    expect((await module.request('DELETE', `/versions/${version.id}`)).status).toBe(404);
    expect((await fetch(`${server.url}${link}`)).status).toBe(404);
    expect((await send(server, 'GET', `${module.protocolPath}/1.0.0/download`)).status).toBe(404);
    expect(await module.get()).toMatchObject({ latest_version: null });
    expect((await send(server, 'GET', `${module.protocolPath}/versions`)).body).toEqual({
      modules: [{ versions: [] }],
    });
    await module.publish('1.0.0', archive);
  });

  it('a prerelease is the latest only where there is nothing else', async () => {
    const module = await ModuleDriver.create(server);
    await module.publish('2.0.0-rc.1', archive);
    expect(await module.get()).toMatchObject({ latest_version: '2.0.0-rc.1' });
    await module.publish('1.0.0', archive);
    expect(await module.get()).toMatchObject({ latest_version: '1.0.0' });
  });

  it('fifty published at once with different content: one is, whole', async () => {
    const module = await ModuleDriver.create(server);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, place) =>
        module.upload('1.0.0', tarGz([{ name: 'main.tf', content: `# content ${place}\n` }])),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(49).fill(409)]);
    const won = answers.find(({ status }) => status === 201)!.body;
    expect(await module.versions()).toEqual([expect.objectContaining({ id: won.id, sha256: won.sha256 })]);
    expect(sha256(await module.download('1.0.0'))).toBe(won.sha256);
  });
});

describe('links to archives', () => {
  let module: ModuleDriver;
  let whole: Buffer;
  beforeAll(async () => {
    module = await ModuleDriver.create(server);
    await module.publish('1.0.0', archive);
    whole = await module.download('1.0.0');
  });
  const fetched = (link: string, init: RequestInit = {}): Promise<Response> => fetch(`${server.url}${link}`, init);
  const bytes = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

  it('GET, HEAD and ranges, with query parameters in any order', async () => {
    const link = await module.link('1.0.0');
    const head = await fetched(link, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(String(whole.length));
    expect(head.headers.get('content-type')).toBe('application/gzip');
    expect((await bytes(head)).length).toBe(0);
    const { pathname, searchParams } = new URL(link, server.url);
    const names = [...searchParams.keys()];
    for (const order of [names, [...names].sort(), [...names].reverse()]) {
      const query = order.map((name) => `${name}=${encodeURIComponent(searchParams.get(name)!)}`).join('&');
      expect((await bytes(await fetched(`${pathname}?${query}`))).equals(whole)).toBe(true);
    }
    const ranges: [string, number, number][] = [
      ['bytes=0-9', 0, 10],
      ['bytes=5-5', 5, 6],
      ['bytes=10-', 10, whole.length],
      ['bytes=-7', whole.length - 7, whole.length],
      ['bytes=3-999999999', 3, whole.length],
    ];
    for (const [range, from, to] of ranges) {
      const part = await fetched(link, { headers: { range } });
      expect({ range, status: part.status, place: part.headers.get('content-range') }).toEqual({
        range,
        status: 206,
        place: `bytes ${from}-${to - 1}/${whole.length}`,
      });
      expect((await bytes(part)).equals(whole.subarray(from, to))).toBe(true);
    }
    const beyond = await fetched(link, { headers: { range: `bytes=${whole.length}-` } });
    expect({ status: beyond.status, place: beyond.headers.get('content-range') }).toEqual({
      status: 416,
      place: `bytes */${whole.length}`,
    });
    for (const range of ['bytes=5-2', 'lines=1-2', 'bytes=0-1,3-4', 'bytes=-']) {
      const all = await fetched(link, { headers: { range } });
      expect({ range, status: all.status }).toEqual({ range, status: 200 });
      expect((await bytes(all)).equals(whole)).toBe(true);
    }
    // fetch would forbid an answer from a cache.
    const kept = await rawRequest(server.url, { path: link, headers: { 'if-none-match': head.headers.get('etag')! } });
    expect(kept.status).toBe(304);
  });

  it('changed anywhere they open nothing', async () => {
    const link = await module.link('1.0.0');
    const { searchParams } = new URL(link, server.url);
    const other = await module.publish('1.1.0', tarGz([{ name: 'main.tf', content: '# other\n' }]));
    const id = searchParams.get('for')!;
    const later = String(Number(searchParams.get('expires')) + 60);
    const signature = searchParams.get('signature')!;
    const flipped = `${signature.slice(0, 20)}${signature[20] === 'A' ? 'B' : 'A'}${signature.slice(21)}`;
    const changes: [string, string, number[]][] = [
      ['the hash', link.replace(sha256(whole), other.sha256), [403]],
      ['the hash in upper case', link.replace(sha256(whole), sha256(whole).toUpperCase()), [403]],
      ['the file name', link.replace('.tar.gz', '.zip'), [403]],
      ['the subject', link.replace(id, `module.${other.id}`), [403]],
      ['the kind', link.replace('module.', 'provider.'), [403]],
      ['the time', link.replace(/expires=\d+/, `expires=${later}`), [403]],
      ['the signature', link.replace(signature, flipped), [403]],
      ['a short signature', link.replace(signature, signature.slice(0, 10)), [403]],
      ['no signature', link.replace(/&?signature=[^&]+/, ''), [400, 403]],
      ['no time', link.replace(/expires=\d+&?/, ''), [400, 403]],
      ['two signatures', `${link}&signature=${signature}`, [400, 403]],
      ['another path', link.replace('/v1/artifacts/', '/v1/artifacts/..%2f'), [403]],
      [
        'an artefact that is not there',
        `/v1/artifacts/${'0'.repeat(64)}/x.tar.gz${link.slice(link.indexOf('?'))}`,
        [403],
      ],
    ];
    for (const [what, changed, allowed] of changes) {
      const answer = await fetched(changed);
      expect({ what, isRefused: allowed.includes(answer.status), status: answer.status }).toEqual({
        what,
        isRefused: true,
        status: answer.status,
      });
      const text = await answer.text();
      expect(Object.keys(JSON.parse(text))).toEqual(['errors']);
      expect(text).not.toContain(server.dataDir);
    }
    const above = await rawRequest(server.url, {
      path: `/v1/artifacts/../../etc/passwd${link.slice(link.indexOf('?'))}`,
    });
    expect(above.status).toBe(404);
  });

  it('work for ten minutes, and then no more', async () => {
    const link = await module.link('1.0.0');
    clock.advance(599_000);
    expect((await fetched(link)).status).toBe(200);
    clock.advance(62_000);
    const late = await fetched(link);
    expect({ status: late.status, body: await late.json() }).toEqual({
      status: 403,
      body: { errors: [expect.stringContaining('expired')] },
    });
    const fresh = await module.link('1.0.0');
    expect(fresh).not.toBe(link);
    clock.advance(599_000);
    expect((await fetched(fresh)).status).toBe(200);
  });

  it('count downloads: whole ones, not looks', async () => {
    const counted = await ModuleDriver.create(server);
    await counted.publish('1.0.0', archive);
    const link = await counted.link('1.0.0');
    for (let round = 0; round < 3; round++) {
      await fetched(link, { method: 'HEAD' });
      await bytes(await fetched(link));
    }
    await bytes(await fetched(link, { headers: { range: 'bytes=5-' } }));
    expect((await counted.version('1.0.0')).downloads).toBe(3);
  });

  it('are given in the API too, under the address of the server', async () => {
    const { download_url: url } = await module.version('1.0.0');
    expect(url).toMatch(new RegExp(`^${server.url}/v1/artifacts/`));
    expect((await bytes(await fetch(url))).equals(whole)).toBe(true);
  });
});

describe('the registry protocol and keys', () => {
  it('a public namespace needs none; closing it works at once; a private one says 401 or 404', async () => {
    const space = await newNamespace({ is_public: true });
    const other = await newNamespace();
    const module = await ModuleDriver.create(server, { namespace_id: space.id });
    await module.publish('1.0.0', archive);
    const reader = await newKey(space.id, 'read');
    const stranger = await newKey(other.id, 'read');
    const status = async (key: string | null, path = `${module.protocolPath}/versions`): Promise<number> =>
      (await send(server, 'GET', path, { key })).status;
    const download = `${module.protocolPath}/1.0.0/download`;
    for (const key of [null, reader, stranger, 'plm_wrong']) {
      expect(await status(key)).toBe(200);
      expect(await status(key, download)).toBe(204);
    }
    await expectAnswer(200, 'PATCH', `/api/namespaces/${space.id}`, { is_public: false });
    for (const path of [`${module.protocolPath}/versions`, download]) {
      expect(await status(null, path)).toBe(401);
      expect(await status('plm_wrong', path)).toBe(401);
      expect(await status(stranger, path)).toBe(404);
      expect(await status(reader, path)).toBeLessThan(300);
      const hidden = path.replace(module.namespace, 'there-is-none');
      expect(await status(null, hidden)).toBe(401);
      expect((await send(server, 'GET', hidden, { key: stranger })).text).toBe(
        (await send(server, 'GET', path, { key: stranger })).text,
      );
    }
    await expectAnswer(200, 'PATCH', `/api/namespaces/${space.id}`, { is_public: true });
    expect(await status(null)).toBe(200);
  });

  it('an expired or deleted key opens nothing from that moment', async () => {
    const space = await newNamespace();
    const module = await ModuleDriver.create(server, { namespace_id: space.id });
    await module.publish('1.0.0', archive);
    const key = await expectAnswer(201, 'POST', `/api/namespaces/${space.id}/api-keys`, {
      name: 'short',
      permissions: 'read',
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const path = `${module.protocolPath}/versions`;
    expect((await send(server, 'GET', path, { key: key.key })).status).toBe(200);
    clock.advance(3_601_000);
    expect((await send(server, 'GET', path, { key: key.key })).status).toBe(401);
    clock.reset();
    expect((await send(server, 'GET', path, { key: key.key })).status).toBe(200);
    await expectAnswer(204, 'DELETE', `/api/namespaces/${space.id}/api-keys/${key.id}`);
    expect((await send(server, 'GET', path, { key: key.key })).status).toBe(401);
  });

  it('a new version is there for the next client, and a deleted module for none', async () => {
    const module = await ModuleDriver.create(server);
    const list = async (): Promise<TestResponse> => send(server, 'GET', `${module.protocolPath}/versions`);
    expect((await list()).body).toEqual({ modules: [{ versions: [] }] });
    await module.publish('1.0.0', archive);
    const first = await list();
    expect(first.body.modules[0].versions).toEqual([{ version: '1.0.0' }]);
    const tag = first.headers.get('etag')!;
    const kept = await send(server, 'GET', `${module.protocolPath}/versions`, { headers: { 'if-none-match': tag } });
    expect(kept.status).toBe(304);
    await module.publish('1.1.0', archive);
    const changed = await send(server, 'GET', `${module.protocolPath}/versions`, { headers: { 'if-none-match': tag } });
    expect(changed.body.modules[0].versions).toEqual([{ version: '1.1.0' }, { version: '1.0.0' }]);
    expect((await module.request('DELETE', '')).status).toBe(204);
    expect((await list()).status).toBe(404);
    expect((await send(server, 'GET', `${module.protocolPath}/1.0.0/download`)).status).toBe(404);
    const again = await ModuleDriver.create(server, { name: module.name });
    expect((await send(server, 'GET', `${again.protocolPath}/versions`)).body).toEqual({ modules: [{ versions: [] }] });
  });

  it('a version that is not there is 404 in the form that clients print', async () => {
    const module = await ModuleDriver.create(server);
    await module.publish('1.0.0', archive);
    for (const version of ['2.0.0', 'v1.0.0', 'latest', '%2e%2e', '1.0.0%2f']) {
      const answer = await send(server, 'GET', `${module.protocolPath}/${version}/download`);
      expect({ version, status: answer.status, keys: Object.keys(answer.body ?? {}) }).toEqual({
        version,
        status: 404,
        keys: ['errors'],
      });
    }
  });

  it('an upload of 60 MB comes back byte for byte through ranges', async () => {
    const noise = randomBytes(60 * 2 ** 20);
    const module = await ModuleDriver.create(server);
    const form = new Response(
      uploadForm('1.0.0', tarGz([...asEntries(SMALL_MODULE), { name: 'noise.bin', content: noise }], 0)),
    );
    // Packing it has held up everything for longer than an idle connection stays open: this one is fresh.
    const answer = await rawRequest(server.url, {
      method: 'POST',
      path: `${module.path}/versions`,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': form.headers.get('content-type')! },
      body: Buffer.from(await form.arrayBuffer()),
    });
    expect(answer.status).toBe(201);
    const link = await module.link('1.0.0');
    const half = Math.floor(answer.body.size_bytes / 2);
    const parts = await Promise.all(
      [`bytes=0-${half - 1}`, `bytes=${half}-`].map(async (range) =>
        Buffer.from(await (await fetch(`${server.url}${link}`, { headers: { range } })).arrayBuffer()),
      ),
    );
    expect(sha256(Buffer.concat(parts))).toBe(answer.body.sha256);
  });
});
