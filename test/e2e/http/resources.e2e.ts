import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '../../support/eventually';
import { freePort } from '../../support/server-process';
import { ServerProgram } from '../../support/server-program';
import { sendRequest, startTestServer, TestResponse, TestServer } from '../../support/test-server';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const GIT_URL = 'https://git.example.com/infra/network.git';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const ask = (method: string, path: string, body?: unknown, key?: string): Promise<TestResponse> =>
  server.request(method, path, body, key);
/** The body of an answer with this status. */
const expectAnswer = async (
  status: number,
  method: string,
  path: string,
  body?: unknown,
): Promise<TestResponse['body']> => {
  const answer = await ask(method, path, body);
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text: expect.any(String) });
  return answer.body;
};
let counter = 0;
const unique = (prefix: string): string => `${prefix}-${++counter}`;
const newNamespace = (fields = {}): Promise<TestResponse['body']> =>
  expectAnswer(201, 'POST', '/api/namespaces', { name: unique('space'), ...fields });
const newDeployment = (namespace: string, fields = {}): Promise<TestResponse['body']> =>
  expectAnswer(201, 'POST', '/api/deployments', {
    namespace_id: namespace,
    name: unique('deployment'),
    git_url: GIT_URL,
    ...fields,
  });
const newKey = (path: string, fields = {}): Promise<TestResponse['body']> =>
  expectAnswer(201, 'POST', path, { name: unique('key'), permissions: 'read', ...fields });

/** A key just made, as it is shown from then on. */
const withoutKey = (made: TestResponse['body']): TestResponse['body'] =>
  Object.fromEntries(Object.entries(made).filter(([name]) => name !== 'key'));

/** All that the server keeps, as bytes. */
const stored = (dataDir = server.dataDir): Buffer =>
  Buffer.concat(
    readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
  );

/** Every item of a list, by following `Link` to its end. */
async function followPages(path: string, key?: string): Promise<{ items: { id: string }[]; sizes: number[] }> {
  const items: { id: string }[] = [];
  const sizes: number[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const answer: TestResponse = await ask('GET', next, undefined, key);
    expect(answer.status).toBe(200);
    items.push(...answer.body);
    sizes.push(answer.body.length);
    const link = answer.headers.get('link');
    next = link === null ? undefined : /^<(\/[^>]+)>; rel="next"$/.exec(link)?.[1];
    if (link !== null) expect(next).toMatch(/cursor=/);
    expect(sizes.length).toBeLessThan(1_000);
  }
  return { items, sizes };
}

describe('namespaces', () => {
  it('default is there from the first start, public and empty, and is found by name and id', async () => {
    const byName = await expectAnswer(200, 'GET', '/api/namespaces/default');
    expect(byName).toEqual({
      id: expect.stringMatching(UUID),
      name: 'default',
      description: expect.any(String),
      is_public: true,
      module_count: 0,
      provider_count: 0,
      deployment_count: 0,
      created_at: expect.stringMatching(TIME),
      updated_at: expect.stringMatching(TIME),
    });
    expect(await expectAnswer(200, 'GET', `/api/namespaces/${byName.id}`)).toEqual(byName);
  });

  it('are made private and without a description unless told otherwise', async () => {
    const plain = await newNamespace();
    expect(plain).toMatchObject({ description: '', is_public: false });
    const full = await newNamespace({ description: 'Gelände 🏔', is_public: true });
    expect(full).toMatchObject({ description: 'Gelände 🏔', is_public: true });
    expect(await expectAnswer(200, 'GET', `/api/namespaces/${full.name}`)).toEqual(full);
  });

  it.each(['a', '0', 'a-b_c', '9lives', 'x'.repeat(64), '7b0c5bd2-9a3b-4e51-8d6e-0f3d4c1b2a90'])(
    'may be called %s, and are found by that name',
    async (name) => {
      const made = await expectAnswer(201, 'POST', '/api/namespaces', { name });
      expect(await expectAnswer(200, 'GET', `/api/namespaces/${name}`)).toEqual(made);
    },
  );

  it('have a name of their own: of many that ask for one at once, one gets it', async () => {
    const name = unique('wanted');
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('POST', '/api/namespaces', { name })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      type: '/problems/name-taken',
      status: 409,
    });
  });

  it('change what is given and keep the rest', async () => {
    const made = await newNamespace({ description: 'before', is_public: true });
    const described = await expectAnswer(200, 'PATCH', `/api/namespaces/${made.id}`, { description: 'after' });
    expect(described).toEqual({ ...made, description: 'after', updated_at: expect.stringMatching(TIME) });
    expect(described.updated_at >= made.updated_at).toBe(true);
    const name = unique('renamed');
    const renamed = await expectAnswer(200, 'PATCH', `/api/namespaces/${made.name}`, { name });
    expect(renamed).toMatchObject({ id: made.id, name, description: 'after', is_public: true });
    expect((await ask('GET', `/api/namespaces/${made.name}`)).status).toBe(404);
    expect(await expectAnswer(200, 'GET', `/api/namespaces/${name}`)).toEqual(renamed);
    expect((await ask('PATCH', `/api/namespaces/${name}`, { name: 'default' })).status).toBe(409);
  });

  it('lose no change when several are made at once', async () => {
    const { id } = await newNamespace();
    for (let round = 0; round < 10; round++) {
      const changes = [{ description: `round ${round}` }, { is_public: round % 2 === 0 }];
      await Promise.all(changes.map((change) => expectAnswer(200, 'PATCH', `/api/namespaces/${id}`, change)));
      expect(await expectAnswer(200, 'GET', `/api/namespaces/${id}`)).toMatchObject(Object.assign({}, ...changes));
    }
  });

  it('count what they hold, and go only when that is gone', async () => {
    const { id } = await newNamespace();
    const one = await newDeployment(id);
    const two = await newDeployment(id);
    expect(await expectAnswer(200, 'GET', `/api/namespaces/${id}`)).toMatchObject({ deployment_count: 2 });
    const listed = (await followPages('/api/namespaces')).items.find((item) => item.id === id);
    expect(listed).toMatchObject({ deployment_count: 2 });
    expect((await expectAnswer(409, 'DELETE', `/api/namespaces/${id}`)).detail).toContain('2 deployments');
    await expectAnswer(204, 'DELETE', `/api/deployments/${one.id}`);
    expect((await expectAnswer(409, 'DELETE', `/api/namespaces/${id}`)).detail).toContain('1 deployment');
    await expectAnswer(204, 'DELETE', `/api/deployments/${two.id}`);
    await expectAnswer(204, 'DELETE', `/api/namespaces/${id}`);
    await expectAnswer(404, 'GET', `/api/namespaces/${id}`);
    await expectAnswer(404, 'DELETE', `/api/namespaces/${id}`);
  });

  it('take their keys with them: those stop working at once', async () => {
    const { id } = await newNamespace();
    const { key } = await newKey(`/api/namespaces/${id}/api-keys`, { permissions: 'admin' });
    expect((await ask('GET', '/api/whoami', undefined, key)).status).toBe(200);
    await expectAnswer(204, 'DELETE', `/api/namespaces/${id}`);
    for (const path of ['/api/whoami', '/api/namespaces', '/api/audit', '/api/deployments']) {
      expect([path, (await ask('GET', path, undefined, key)).status]).toEqual([path, 401]);
    }
  });

  it('are deleted while things are made in them: one or the other, and never a server fault', async () => {
    // The deletion gets a head start that grows with each round, so that it overtakes the others at every point.
    for (let round = 0; round < 30; round++) {
      const { id } = await newNamespace();
      const deletion = ask('DELETE', `/api/namespaces/${id}`);
      for (let turns = 0; turns < round; turns++) await turn();
      const made = await Promise.all([
        ask('POST', '/api/deployments', { namespace_id: id, name: 'late', git_url: GIT_URL }),
        ask('POST', `/api/namespaces/${id}/api-keys`, { name: 'late', permissions: 'read' }),
        ask('PATCH', `/api/namespaces/${id}`, { description: 'late' }),
      ]);
      const deleted = await deletion;
      expect([204, 409]).toContain(deleted.status);
      expect(made.map(({ status }) => status).filter((status) => ![200, 201, 404].includes(status))).toEqual([]);
      // A deployment that was made has kept its namespace.
      if (made[0]?.status === 201) expect(deleted.status).toBe(409);
    }
  });
});

describe('API keys', () => {
  it('are shown once, stored as a hash alone, and told apart by their beginning', async () => {
    const made = await newKey('/api/api-keys', { name: 'ci é', permissions: 'write' });
    expect(made).toEqual({
      id: expect.stringMatching(UUID),
      namespace_id: null,
      name: 'ci é',
      permissions: 'write',
      prefix: made.key.slice(0, made.prefix.length),
      expires_at: null,
      created_at: expect.stringMatching(TIME),
      last_used_at: null,
      key: expect.stringMatching(/^plm_[0-9A-Za-z]{40,}$/),
    });
    expect(made.prefix.length).toBeLessThanOrEqual(12);
    const shown = withoutKey(made);
    const listed = await followPages('/api/api-keys');
    expect(listed.items.find(({ id }) => id === made.id)).toEqual(shown);
    expect(JSON.stringify(listed)).not.toContain(made.key);
    await expectAnswer(200, 'GET', '/api/audit?limit=200').then((entries) =>
      expect(JSON.stringify(entries)).not.toContain(made.key.slice(made.prefix.length)),
    );
    const bytes = stored();
    expect(bytes.includes(made.key)).toBe(false);
    expect(bytes.includes(made.key.slice(made.prefix.length))).toBe(false);
    // What is stored was really looked at.
    expect(bytes.includes(createHash('sha256').update(made.key).digest('hex'))).toBe(true);
  });

  it('are all different', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => newKey('/api/api-keys')));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(20);
    expect(new Set(keys.map(({ prefix }) => prefix)).size).toBe(20);
  });

  it('say who they are, and when they were used', async () => {
    const { id } = await newNamespace();
    const { key, ...made } = await newKey(`/api/namespaces/${id}/api-keys`, { permissions: 'write' });
    expect(made.namespace_id).toBe(id);
    const whoami = await ask('GET', '/api/whoami', undefined, key);
    expect(whoami.body).toEqual({ ...made, last_used_at: whoami.body.last_used_at });
    await eventually('the use to be recorded', async () => {
      const { body } = await ask('GET', '/api/whoami', undefined, key);
      return body.last_used_at !== null && TIME.test(body.last_used_at);
    });
  });

  it('stop working the moment they are deleted, and are deleted once', async () => {
    const { id, key } = await newKey('/api/api-keys', { permissions: 'admin' });
    for (let request = 0; request < 3; request++)
      expect((await ask('GET', '/api/api-keys', undefined, key)).status).toBe(200);
    const deletions = await Promise.all([1, 2, 3].map(() => ask('DELETE', `/api/api-keys/${id}`)));
    expect(deletions.map(({ status }) => status).sort()).toEqual([204, 404, 404]);
    expect((await ask('GET', '/api/api-keys', undefined, key)).status).toBe(401);
    const { body } = await ask('GET', '/api/audit?action=api_key.delete&limit=200');
    expect(body.filter((entry: { target_id: string }) => entry.target_id === id)).toHaveLength(1);
  });

  it('stop working the moment they are deleted also while they are in use', async () => {
    for (let round = 0; round < 8; round++) {
      const { id, key } = await newKey('/api/api-keys');
      const uses = Array.from({ length: 10 }, () => ask('GET', '/api/whoami', undefined, key));
      await expectAnswer(204, 'DELETE', `/api/api-keys/${id}`);
      await Promise.all(uses);
      expect((await ask('GET', '/api/whoami', undefined, key)).status).toBe(401);
    }
  });

  it('stop working when they expire', async () => {
    const expiresAt = new Date(Date.now() + 400).toISOString();
    const { key, expires_at: stated } = await newKey('/api/api-keys', { expires_at: expiresAt });
    expect(stated).toBe(expiresAt);
    expect((await ask('GET', '/api/whoami', undefined, key)).status).toBe(200);
    const answer = await eventually('the end of the key', async () => {
      const refused = await ask('GET', '/api/whoami', undefined, key);
      return refused.status === 401 && refused;
    });
    expect(Date.now()).toBeGreaterThanOrEqual(new Date(expiresAt).getTime());
    expect(answer.body.detail).toContain('expired');
  });

  it('take a time with any offset, and give it back in UTC', async () => {
    const { expires_at: stated } = await newKey('/api/api-keys', { expires_at: '2090-06-01T00:30:00+02:00' });
    expect(stated).toBe('2090-05-31T22:30:00.000Z');
  });

  it('of a namespace are listed there alone', async () => {
    const { id, name } = await newNamespace();
    const own = withoutKey(await newKey(`/api/namespaces/${name}/api-keys`));
    expect((await followPages(`/api/namespaces/${id}/api-keys`)).items).toEqual([own]);
    expect((await followPages('/api/api-keys')).items.map((item) => item.id)).not.toContain(own.id);
    await expectAnswer(404, 'DELETE', `/api/api-keys/${own.id}`);
    await expectAnswer(404, 'DELETE', `/api/namespaces/default/api-keys/${own.id}`);
    await expectAnswer(204, 'DELETE', `/api/namespaces/${id}/api-keys/${own.id}`);
  });
});

describe('the last platform admin key', () => {
  let own: TestServer;
  beforeEach(async () => (own = await startTestServer()));
  afterEach(() => own.stop());
  const admin = (fields = {}): Promise<TestResponse> =>
    own.request('POST', '/api/api-keys', { name: 'admin', permissions: 'admin', ...fields });
  const remove = (id: string): Promise<TestResponse> => own.request('DELETE', `/api/api-keys/${id}`);

  it('cannot be deleted, and of two that delete each other one stays', async () => {
    const first = (await own.request('GET', '/api/whoami')).body.id;
    await own.request('POST', '/api/api-keys', { name: 'writer', permissions: 'write' });
    await own.request('POST', '/api/namespaces/default/api-keys', { name: 'local', permissions: 'admin' });
    expect((await remove(first)).body).toMatchObject({ status: 409, type: '/problems/last-admin-key' });
    const second = (await admin()).body;
    const answers = await Promise.all([remove(first), remove(second.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    const statuses = await Promise.all([
      own.request('GET', '/api/api-keys'),
      own.request('GET', '/api/api-keys', undefined, second.key),
    ]);
    expect(statuses.map(({ status }) => status).sort()).toEqual([200, 401]);
  });
});

describe('deployments', () => {
  const PASSWORD = 'canary-password-2b1c9d';
  const SSH_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----\ncanary-ssh-key-77aa\n-----END OPENSSH PRIVATE KEY-----\n`;

  it('have defaults, and are found by id', async () => {
    const space = await newNamespace();
    const made = await newDeployment(space.name, { name: 'Network.prod_1' });
    expect(made).toEqual({
      id: expect.stringMatching(UUID),
      namespace_id: space.id,
      namespace: space.name,
      name: 'Network.prod_1',
      description: '',
      git_url: GIT_URL,
      default_ref: null,
      working_directory: '.',
      tool: 'terraform',
      tool_version: null,
      auto_approve: false,
      approval: { required: 1, not_by_requester: false, rules: [] },
      runner_pool: null,
      state_backend: 'managed',
      last_run: null,
      created_at: expect.stringMatching(TIME),
      updated_at: expect.stringMatching(TIME),
    });
    expect(await expectAnswer(200, 'GET', `/api/deployments/${made.id}`)).toEqual(made);
    expect(await expectAnswer(200, 'GET', `/api/deployments/${made.id}/status`)).toEqual({
      path: '.',
      status: 'none',
      last_run: null,
    });
  });

  it('never give a secret back, and keep it encrypted', async () => {
    const made = await ask('POST', '/api/deployments', {
      namespace_id: 'default',
      name: unique('secret'),
      git_url: GIT_URL,
      git_username: 'robot',
      git_password: PASSWORD,
      git_ssh_key: SSH_KEY,
    });
    expect(made.status).toBe(201);
    const patched = await ask('PATCH', `/api/deployments/${made.body.id}`, { git_password: `${PASSWORD}-new` });
    const answers = [
      made,
      patched,
      await ask('GET', `/api/deployments/${made.body.id}`),
      await ask('GET', '/api/deployments?limit=200'),
      await ask('GET', '/api/audit?limit=200'),
    ];
    for (const { text } of answers) expect(/canary/.test(text)).toBe(false);
    for (const { body } of answers.slice(0, 3)) {
      expect(Object.keys(body).filter((name) => /password|ssh|username/.test(name))).toEqual([]);
    }
    const bytes = stored();
    expect(bytes.includes(made.body.id)).toBe(true);
    expect(bytes.includes('canary')).toBe(false);
    expect(bytes.includes(Buffer.from(PASSWORD).toString('base64').slice(0, -3))).toBe(false);
  });

  it('keep what a change leaves out and clear what it sets to null', async () => {
    const full = {
      description: 'first',
      default_ref: 'main',
      working_directory: 'envs/prod',
      tool: 'tofu',
      tool_version: '1.9.0',
      auto_approve: true,
      git_username: 'robot',
      git_password: PASSWORD,
      git_ssh_key: SSH_KEY,
    };
    const made = await newDeployment('default', full);
    const row = async (): Promise<Record<string, unknown>> =>
      (await server.application.database.reader.query('SELECT * FROM deployments WHERE id = ?', [made.id]))[0];
    const before = await row();
    const unchanged = await expectAnswer(200, 'PATCH', `/api/deployments/${made.id}`, {});
    expect(unchanged).toEqual({ ...made, updated_at: expect.stringMatching(TIME) });
    expect({ ...(await row()), updated_at: '' }).toEqual({ ...before, updated_at: '' });

    const cleared = {
      default_ref: null,
      tool_version: null,
      git_username: null,
      git_password: null,
      git_ssh_key: null,
    };
    const answer = await expectAnswer(200, 'PATCH', `/api/deployments/${made.id}`, cleared);
    expect(answer).toMatchObject({ description: 'first', default_ref: null, tool_version: null, auto_approve: true });
    expect(await row()).toMatchObject({ ...cleared, working_directory: 'envs/prod', tool: 'tofu' });
  });

  it('bring folders to their one form', async () => {
    const { working_directory: folder } = await newDeployment('default', {
      working_directory: './envs//prod/./eu/..//',
    });
    expect(folder).toBe('envs/prod');
  });

  it('have a name of their own in their namespace', async () => {
    const [one, two] = [await newNamespace(), await newNamespace()];
    const body = { namespace_id: one.id, name: 'same', git_url: GIT_URL };
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('POST', '/api/deployments', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    await newDeployment(two.id, { name: 'same' });
    const other = await newDeployment(one.id);
    expect((await expectAnswer(409, 'PATCH', `/api/deployments/${other.id}`, { name: 'same' })).type).toBe(
      '/problems/name-taken',
    );
  });

  it('lose no change when several are made at once', async () => {
    const { id } = await newDeployment('default');
    for (let round = 0; round < 10; round++) {
      const changes = [
        { description: `round ${round}` },
        { default_ref: `ref-${round}` },
        { auto_approve: round % 2 === 0 },
      ];
      await Promise.all(changes.map((change) => expectAnswer(200, 'PATCH', `/api/deployments/${id}`, change)));
      expect(await expectAnswer(200, 'GET', `/api/deployments/${id}`)).toMatchObject(Object.assign({}, ...changes));
    }
  });

  it('are deleted once', async () => {
    const { id } = await newDeployment('default');
    const answers = await Promise.all([1, 2, 3].map(() => ask('DELETE', `/api/deployments/${id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404]);
    await expectAnswer(404, 'GET', `/api/deployments/${id}`);
    const { body } = await ask('GET', '/api/audit?action=deployment.delete&limit=200');
    expect(body.filter((entry: { target_id: string }) => entry.target_id === id)).toHaveLength(1);
  });

  it('are deleted while a run is started: one or the other, and never a server fault', async () => {
    for (let round = 0; round < 30; round++) {
      const { id } = await newDeployment('default', { git_url: 'file:///nowhere/none.git' });
      const deletion = ask('DELETE', `/api/deployments/${id}`);
      for (let turns = 0; turns < round; turns++) await turn();
      const [started, changed] = await Promise.all([
        ask('POST', `/api/deployments/${id}/runs`, { operation: 'plan' }),
        ask('PATCH', `/api/deployments/${id}`, { description: 'late' }),
      ]);
      const deleted = await deletion;
      expect([204, 409]).toContain(deleted.status);
      expect([201, 404]).toContain(started.status);
      expect([200, 404]).toContain(changed.status);
      // A run that was started while its deployment was deleted would be without a parent.
      if (deleted.status === 409) expect(started.status).toBe(201);
    }
  });

  it('are found by a part of name, description or URL, and by namespace', async () => {
    const space = await newNamespace();
    const made = await newDeployment(space.id, {
      name: 'my_app-100',
      description: '50% done',
      git_url: 'https://git.example.com/x_y/z.git',
    });
    const found = async (query: string): Promise<string[]> =>
      (await followPages(`/api/deployments?namespace=${space.name}&${query}`)).items.map(({ id }) => id);
    for (const part of ['my_app', 'MY_APP', '_', '50%', '% d', 'x_y', 'example.com', '100']) {
      expect([part, await found(`q=${encodeURIComponent(part)}`)]).toEqual([part, [made.id]]);
    }
    for (const part of ['myxapp', '50x', 'x%z', 'zzz']) {
      expect([part, await found(`q=${encodeURIComponent(part)}`)]).toEqual([part, []]);
    }
    expect(await found('status=none')).toEqual([made.id]);
    expect(await found('status=success')).toEqual([]);
  });
});

describe('lists', () => {
  const COUNT = 120;
  let space: { id: string; name: string };

  /** Makes many at once, so that several share a time. */
  const make = async (method: string, path: string, body: (number: number) => unknown): Promise<string[]> => {
    const ids: string[] = [];
    for (let start = 0; start < COUNT; start += 30) {
      const made = await Promise.all(
        Array.from({ length: 30 }, (_, index) => expectAnswer(201, method, path, body(start + index))),
      );
      ids.push(...made.map(({ id }) => id));
    }
    return ids;
  };

  beforeAll(async () => {
    space = await newNamespace();
  });

  it.each<[string, string, (id: string) => string, (id: string, number: number) => Record<string, unknown>]>([
    ['namespaces', '/api/namespaces', () => '/api/namespaces', (_id, number) => ({ name: `many-${number}` })],
    [
      'platform keys',
      '/api/api-keys',
      () => '/api/api-keys',
      (_id, number) => ({ name: `k${number}`, permissions: 'read' }),
    ],
    [
      'keys of a namespace',
      '/api/namespaces/ID/api-keys',
      (id) => `/api/namespaces/${id}/api-keys`,
      (_id, number) => ({ name: `k${number}`, permissions: 'read' }),
    ],
    [
      'deployments',
      '/api/deployments',
      (id) => `/api/deployments?namespace=${id}`,
      (id, number) => ({ namespace_id: id, name: `many-${number}`, git_url: GIT_URL }),
    ],
  ])('of %s are followed to their end without gap or repeat, newest first', async (_what, target, list, body) => {
    const made = await make('POST', target.replace('ID', space.id), (number) => body(space.id, number));
    const path = list(space.id);
    const whole = await followPages(`${path}${path.includes('?') ? '&' : '?'}limit=200`);
    const order = whole.items.map(({ id }) => id);
    expect(order).toEqual(expect.arrayContaining(made));
    expect(new Set(order).size).toBe(order.length);
    const times = whole.items.map((item) => (item as unknown as { created_at: string }).created_at);
    expect(times).toEqual([...times].sort().reverse());
    for (const limit of [1, 7, 50, 120]) {
      if (limit === 1 && order.length > 150) continue;
      const pages = await followPages(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}`);
      expect(pages.items.map(({ id }) => id)).toEqual(order);
      expect(pages.sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
      expect(pages.sizes.at(-1)).toBeGreaterThan(0);
    }
    const byDefault = await ask('GET', path);
    expect(byDefault.body).toHaveLength(50);
    expect(byDefault.headers.get('link')).not.toBeNull();
  });

  it('of audit entries are followed to their end, each filter by itself and together', async () => {
    const order = (await followPages('/api/audit?limit=200')).items.map(({ id }) => id);
    expect(order.length).toBeGreaterThan(4 * COUNT);
    expect(new Set(order).size).toBe(order.length);
    expect((await followPages('/api/audit?limit=13')).items.map(({ id }) => id)).toEqual(order);
    const filtered = await followPages('/api/audit?action=deployment.create&limit=11');
    expect(filtered.items.length).toBeGreaterThanOrEqual(COUNT);
    expect(new Set(filtered.items.map((item) => (item as unknown as { action: string }).action))).toEqual(
      new Set(['deployment.create']),
    );
  });

  it('go on where they were, whatever is made or deleted meanwhile', async () => {
    const path = `/api/namespaces/${space.id}/api-keys`;
    const before = (await followPages(`${path}?limit=200`)).items.map(({ id }) => id);
    const first = await ask('GET', `${path}?limit=20`);
    await newKey(path);
    // The very entry that the cursor stands on, and one that is still to come.
    const gone = [before[19]!, before[60]!];
    for (const id of gone) await expectAnswer(204, 'DELETE', `${path}/${id}`);
    const next = /<([^>]+)>/.exec(first.headers.get('link')!)![1]!;
    const rest = (await followPages(next)).items.map(({ id }) => id);
    expect([...first.body.map(({ id }: { id: string }) => id), ...rest]).toEqual(
      before.filter((id) => id !== before[60]),
    );
  });
});

describe('the audit trail', () => {
  it('has an entry of each deed: who, what, on what, where, by which request', async () => {
    const since = new Date().toISOString();
    const space = await newNamespace();
    const { id: actorId, key, prefix, name } = await newKey('/api/api-keys', { permissions: 'admin', name: 'auditor' });
    const act = (requestId: string, method: string, path: string, body?: unknown): Promise<Response> =>
      fetch(`${server.url}${path}`, {
        method,
        headers: { 'x-api-key': key, 'x-request-id': requestId, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    await act('t-1', 'PATCH', `/api/namespaces/${space.id}`, { description: 'new' });
    const made = (await (
      await act('t-2', 'POST', `/api/namespaces/${space.id}/api-keys`, { name: 'k', permissions: 'read' })
    ).json()) as { id: string; prefix: string };
    await act('t-3', 'DELETE', `/api/namespaces/${space.id}/api-keys/${made.id}`);
    const deployment = (await (
      await act('t-4', 'POST', '/api/deployments', { namespace_id: space.id, name: 'd', git_url: GIT_URL })
    ).json()) as { id: string };
    await act('t-5', 'PATCH', `/api/deployments/${deployment.id}`, { git_password: 'canary-audit' });
    await act('t-6', 'DELETE', `/api/deployments/${deployment.id}`);
    await act('t-7', 'DELETE', `/api/namespaces/${space.id}`);
    await act('t-8', 'POST', '/api/maintenance/sweep', {});
    // What was refused is no deed.
    await act('t-9', 'DELETE', `/api/namespaces/${space.id}`);

    const actor = `${name} (${prefix})`;
    const { items } = await followPages(`/api/audit?actor=${encodeURIComponent(actor)}&since=${since}&limit=3`);
    const seen = (items as unknown as Record<string, unknown>[]).reverse();
    expect(
      seen.map(({ request_id, action, target_type, target_id, namespace_id }) => [
        request_id,
        action,
        target_type,
        target_id,
        namespace_id,
      ]),
    ).toEqual([
      ['t-1', 'namespace.update', 'namespace', space.id, space.id],
      ['t-2', 'api_key.create', 'api_key', made.id, space.id],
      ['t-3', 'api_key.delete', 'api_key', made.id, space.id],
      ['t-4', 'deployment.create', 'deployment', deployment.id, space.id],
      ['t-5', 'deployment.update', 'deployment', deployment.id, space.id],
      ['t-6', 'deployment.delete', 'deployment', deployment.id, space.id],
      ['t-7', 'namespace.delete', 'namespace', space.id, space.id],
      ['t-8', 'maintenance.sweep', 'platform', 'platform', null],
    ]);
    expect(
      seen.every((entry) => entry.actor === actor && TIME.test(String(entry.at)) && typeof entry.details === 'object'),
    ).toBe(true);
    expect(seen.map(({ details }) => details)).toEqual([
      { description: 'new' },
      { name: 'k', permissions: 'read', prefix: made.prefix, expires_at: null },
      { name: 'k', prefix: made.prefix },
      { name: 'd' },
      { fields: ['git_password'] },
      { name: 'd', runs: 0 },
      { name: space.name },
      { removed: 0, expired_approvals: 0 },
    ]);
    const ofActor = await expectAnswer(200, 'GET', `/api/audit?action=api_key.create&since=${since}`);
    expect(ofActor.map((entry: { target_id: string }) => entry.target_id)).toContain(actorId);
    expect(await expectAnswer(200, 'GET', '/api/audit?since=2090-01-01T00:00:00Z')).toEqual([]);
  });
});

describe('platform routes', () => {
  it('say that the server lives and is ready', async () => {
    expect(await expectAnswer(200, 'GET', '/health/live')).toEqual({ status: 'live' });
    expect(await expectAnswer(200, 'GET', '/health/ready')).toEqual({
      status: 'ready',
      checks: { database: 'ok', work_root: 'ok', runner: 'ok', server: 'ok' },
    });
  });

  it('measure requests by route, and name no id or key', async () => {
    const { id } = await newNamespace();
    await ask('GET', `/api/namespaces/${id}`);
    const { text, headers } = await ask('GET', '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(
      /plomada_http_request_duration_seconds_count\{[^}]*route="\/api\/namespaces\/:id"[^}]*\} [1-9]/,
    );
    expect(text).toMatch(/^plomada_runs(\{|_at_work )/m);
    expect(text).not.toMatch(new RegExp(`${id}|plm_`));
  });

  it('sweep: dry_run says what would go, and nothing goes', async () => {
    const answer = await expectAnswer(200, 'POST', '/api/maintenance/sweep', { dry_run: true });
    expect(answer).toEqual({ removed: [], expired_approvals: [], freed_bytes: 0, errors: [] });
    expect(await expectAnswer(200, 'POST', '/api/maintenance/sweep')).toEqual(answer);
  });
});

describe('the server as a process', () => {
  let directory: string;
  const programs: ServerProgram[] = [];
  const start = (env: Record<string, string> = {}): ServerProgram => {
    const program = ServerProgram.start({ DATA_DIR: directory, ...env });
    programs.push(program);
    return program;
  };
  const mode = (name: string): string => (statSync(join(directory, name)).mode & 0o777).toString(8);

  beforeEach(() => {
    // Made by the server itself.
    directory = join(mkdtempSync(join(tmpdir(), 'plomada-process-')), 'data');
  });
  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.stop('SIGKILL')));
    rmSync(join(directory, '..'), { recursive: true, force: true });
  });

  it('shows the key of the first start once, keeps it and all else to its owner, and ends with 0', async () => {
    const first = start();
    const url = await first.listening();
    const key = await eventually('the key', () => /plm_[0-9A-Za-z]{43}/.exec(first.stdout)?.[0]);
    expect(readFileSync(join(directory, 'admin.key'), 'utf8')).toBe(`${key}\n`);
    expect(await sendRequest(url, 'GET', '/api/whoami', undefined, key)).toMatchObject({
      status: 200,
      body: { namespace_id: null, permissions: 'admin' },
    });
    expect(first.stdout).toContain(`${url}/api/docs`);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    expect(first.stdout.split(key)).toHaveLength(2);
    expect(first.stderr).toBe('');
    expect([mode('.'), mode('admin.key'), mode('encryption.key'), mode('plomada.db')]).toEqual([
      '700',
      '600',
      '600',
      '600',
    ]);
    expect(Buffer.from(readFileSync(join(directory, 'encryption.key'), 'utf8'), 'base64')).toHaveLength(32);
    const rest = readdirSync(directory).filter(
      (name) => name !== 'admin.key' && statSync(join(directory, name)).isFile(),
    );
    for (const name of rest) expect(readFileSync(join(directory, name)).includes(key)).toBe(false);

    const encryptionKey = readFileSync(join(directory, 'encryption.key'), 'utf8');
    const second = start();
    const secondUrl = await second.listening();
    expect((await sendRequest(secondUrl, 'GET', '/api/whoami', undefined, key)).status).toBe(200);
    expect((await sendRequest(secondUrl, 'GET', '/api/api-keys', undefined, key)).body).toHaveLength(1);
    await second.stop('SIGINT');
    expect(second.stdout + second.stderr).not.toMatch(/plm_\w{20}/);
    expect(readFileSync(join(directory, 'encryption.key'), 'utf8')).toBe(encryptionKey);
    expect(readFileSync(join(directory, 'admin.key'), 'utf8')).toBe(`${key}\n`);
  });

  it('takes the first key from ADMIN_API_KEY, and writes and shows it nowhere', async () => {
    const given = `plm_${'Giv3nByTheOperator'.repeat(3)}`;
    const server = start({ ADMIN_API_KEY: given, LOG_LEVEL: 'debug' });
    const url = await server.listening();
    expect((await sendRequest(url, 'GET', '/api/api-keys', undefined, given)).status).toBe(200);
    await server.stop();
    expect(server.stdout + server.stderr).not.toContain(given);
    expect(existsSync(join(directory, 'admin.key'))).toBe(false);
    expect(stored(directory).includes(given)).toBe(false);
  });

  it('serves metrics, and nothing else, on METRICS_PORT', async () => {
    const port = await freePort();
    const program = start({ METRICS_PORT: String(port) });
    const url = await program.listening();
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const open = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([open.status, await open.text()]).toEqual([200, expect.stringContaining('plomada_runs')]);
    for (const path of ['/', '/api/namespaces', '/health/live', '/api/openapi.json']) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
    }
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(404);
  });

  it('names everything that is wrong with its settings at once, and ends with 1', async () => {
    const server = start({
      PORT: 'http',
      PUBLIC_URL: 'not a url',
      RUNNER_CONCURRENCY: '0',
      ENCRYPTION_KEY: 'changeme-canary',
      ADMIN_API_KEY: 'hunter2-canary',
      GIT_ALLOWED_SCHEMES: 'https,gopher',
      CORS_ORIGINS: '*',
      DATABASE_URL: 'mysql://u:p-canary@host/db',
      LOG_LEVEL: 'loud',
    });
    expect(await server.ended).toEqual({ code: 1, signal: null });
    for (const name of [
      'PORT',
      'PUBLIC_URL',
      'RUNNER_CONCURRENCY',
      'ENCRYPTION_KEY',
      'ADMIN_API_KEY',
      'GIT_ALLOWED_SCHEMES',
      'CORS_ORIGINS',
      'DATABASE_URL',
      'LOG_LEVEL',
    ]) {
      expect(server.stderr).toMatch(new RegExp(`^  - ${name} `, 'm'));
    }
    expect(server.stderr).not.toMatch(/canary|\n\s+at /);
    expect(server.stdout).toBe('');
    expect(existsSync(directory)).toBe(false);
  });

  it('says why it cannot listen, and ends with 1', async () => {
    const { port } = new URL(server.url);
    const second = start({ PORT: port });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(/EADDRINUSE|in use/);
    expect(second.stdout).not.toMatch(/plm_\w{20}/);
  });
});
