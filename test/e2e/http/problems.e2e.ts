import { gzipSync } from 'node:zlib';
import { newId } from '../../../src/common/ids';
import { eventually } from '../../support/eventually';
import { RawRequest, rawRequest } from '../../support/raw-request';
import { ADMIN_KEY, startTestServer, TestResponse, TestServer } from '../../support/test-server';

const SECRET = 'canary-0f8fad5b-d9cb-469f';
const MIB = 2 ** 20;

/** What no answer may hold: a stack, SQL, a path of the host, a name out of the program, a secret. */
const LEAKS = [
  /\n\s+at /,
  /node_modules|\.ts:|\.js:/,
  /SQLITE|QueryFailed|SELECT |INSERT |UPDATE /,
  /\/tmp\/|\/home\/|\/root\/|\/usr\//,
  /TypeError|RangeError|SyntaxError|Cannot read/,
  new RegExp(SECRET),
];

function expectProblem(answer: TestResponse, status: number, code?: string): void {
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text: expect.any(String) });
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({
    type: expect.stringMatching(/^\/problems\/[a-z0-9-]+$/),
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    instance: `urn:request:${answer.headers.get('x-request-id')}`,
  });
  const known = new Set(['type', 'title', 'status', 'detail', 'instance', 'errors']);
  expect(Object.keys(answer.body).filter((key) => !known.has(key))).toEqual([]);
  for (const leak of LEAKS) expect(answer.text).not.toMatch(leak);
  if (code !== undefined) expect(answer.body.type).toBe(`/problems/${code}`);
}

function expectFields(answer: TestResponse, fields: string[]): void {
  expect(answer.body.errors?.map(({ field }: { field: string }) => field)).toEqual(fields);
  for (const error of answer.body.errors) {
    expect(Object.keys(error).sort()).toEqual(['field', 'message']);
    expect(error.message).toMatch(/./);
  }
}

describe('malformed requests', () => {
  let server: TestServer;
  let namespace: string;
  let deployment: string;
  let run: string;
  let requests = 0;

  beforeAll(async () => {
    server = await startTestServer({ GIT_ALLOWED_SCHEMES: 'https,ssh', GIT_BLOCKED_NETWORKS: '127.0.0.0/8' });
    namespace = (await server.request('POST', '/api/namespaces', { name: 'problems' })).body.id;
    deployment = (
      await server.request('POST', '/api/deployments', {
        namespace_id: namespace,
        name: 'broken',
        git_url: 'https://127.0.0.1:9/none.git',
        working_directory: 'envs/prod',
      })
    ).body.id;
    run = (await server.request('POST', `/api/deployments/${deployment}/runs`, { operation: 'plan' })).body.id;
    await eventually(
      'the end of the run',
      async () => (await server.request('GET', `/api/deployments/${deployment}/runs/${run}`)).body.completed_at,
    );
  });
  afterAll(() => server.stop());

  /** `{d}` and `{r}` in a path stand for the deployment and its run. */
  const send = async (request: RawRequest): Promise<TestResponse> => {
    const id = `problems-${++requests}`;
    const path = request.path.replace('{n}', namespace).replace('{d}', deployment).replace('{r}', run);
    const answer = await rawRequest(server.url, {
      ...request,
      path,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'x-request-id': id, ...request.headers },
    });
    expect(answer.headers.get('x-request-id')).toBe(request.headers?.['x-request-id'] ?? id);
    return answer;
  };
  const sendJson = (method: string, path: string, body: unknown): Promise<TestResponse> =>
    send({
      method,
      path,
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  const NAMESPACES = '/api/namespaces';
  const KEYS = '/api/api-keys';
  const DEPLOYMENTS = '/api/deployments';
  const RUNS = '/api/deployments/{d}/runs';
  const key = { name: 'k', permissions: 'read' };
  const newDeployment = (fields: Record<string, unknown>): Record<string, unknown> => ({
    namespace_id: 'problems',
    name: 'x',
    git_url: 'https://git.example.com/a.git',
    ...fields,
  });
  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

  describe('bodies that are none', () => {
    it.each<[string, string, string, string]>([
      ['broken JSON', 'POST', NAMESPACES, '{"name":'],
      ['JSON with a comma too many', 'POST', KEYS, '{"name":"a",}'],
      ['single quotes', 'PATCH', '/api/namespaces/{n}', "{'name':'a'}"],
      ['a bare string', 'POST', DEPLOYMENTS, '"text"'],
      ['null', 'POST', RUNS, 'null'],
      ['a number', 'POST', `${RUNS}/{r}/approve`, '1'],
      ['nothing but spaces', 'POST', NAMESPACES, '   '],
      ['bytes that are no text', 'POST', NAMESPACES, '\u0000\u0001'],
      ['two values', 'POST', NAMESPACES, '{}{}'],
      ['NaN', 'POST', RUNS, '{"timeout":NaN}'],
    ])('%s', async (_what, method, path, body) => {
      expectProblem(await sendJson(method, path, body), 400, 'malformed-json');
    });

    it.each<[string, string, string, string]>([
      ['nested too deep', 'POST', RUNS, `{"env_vars":${deep(40)}}`],
      ['nested absurdly deep', 'POST', NAMESPACES, deep(100_000)],
      ['lists nested absurdly deep', 'POST', NAMESPACES, `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
      ['with __proto__', 'POST', NAMESPACES, '{"name":"proto","__proto__":{"is_public":true}}'],
      ['with __proto__ inside', 'POST', RUNS, '{"env_vars":{"__proto__":{"A":"b"}}}'],
      ['with constructor', 'POST', KEYS, '{"name":"a","permissions":"read","constructor":{"prototype":{}}}'],
    ])('%s', async (_what, method, path, body) => {
      expectProblem(await sendJson(method, path, body), 400);
      expect(({} as Record<string, unknown>).is_public).toBeUndefined();
    });

    it.each<[string, string, string]>([
      ['a list', NAMESPACES, '[]'],
      ['a list of bodies', NAMESPACES, '[{"name":"listed"}]'],
      ['a list where everything is optional', '/api/maintenance/sweep', '[{"dry_run":true}]'],
      ['an empty list where everything is optional', '/api/maintenance/sweep', '[]'],
      ['an empty list for a run', RUNS, '[]'],
    ])('%s', async (_what, path, body) => {
      const answer = await sendJson('POST', path, body);
      expectProblem(answer, 400, 'validation-failed');
      for (const { field } of answer.body.errors) expect(field).toMatch(/./);
    });

    it.each<[string, Record<string, string>, string | Buffer]>([
      ['text', { 'content-type': 'text/plain' }, '{"name":"a"}'],
      ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'name=a'],
      ['several parts', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--'],
      ['no type at all', {}, '{"name":"a"}'],
      ['another charset', { 'content-type': 'application/json; charset=latin1' }, '{"name":"a"}'],
      ['an unknown encoding', { 'content-type': 'application/json', 'content-encoding': 'compress' }, '{"name":"a"}'],
    ])('of %s: 415', async (_what, headers, body) => {
      expectProblem(await send({ method: 'POST', path: NAMESPACES, headers, body }), 415, 'unsupported-media-type');
    });

    it('of 1 MiB and a byte: 413; of 1 MiB: read', async () => {
      const padded = (size: number): string => `{"name":"${'a'.repeat(size - 11)}"}`;
      expect(Buffer.byteLength(padded(MIB))).toBe(MIB);
      expectProblem(await sendJson('POST', NAMESPACES, padded(MIB + 1)), 413, 'body-too-large');
      expectProblem(await sendJson('POST', NAMESPACES, padded(MIB)), 400, 'validation-failed');
    });

    it('of 1 MiB and a byte in pieces without a length: 413', async () => {
      const answer = await sendInPieces(`${server.url}${NAMESPACES}`, `{"name":"${'a'.repeat(MIB)}"}`);
      expectProblem(answer, 413, 'body-too-large');
    });

    it('that grow beyond 1 MiB when unpacked: 413; packed rubbish: 400', async () => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      const bomb = gzipSync(`{"name":"${'a'.repeat(50 * MIB)}"}`);
      expectProblem(await send({ method: 'POST', path: NAMESPACES, headers, body: bomb }), 413, 'body-too-large');
      expectProblem(await send({ method: 'POST', path: NAMESPACES, headers, body: 'no gzip' }), 400);
    });

    it('absent where one is needed: names what is missing', async () => {
      const answer = await send({ method: 'POST', path: KEYS });
      expectProblem(answer, 400, 'validation-failed');
      expectFields(answer, ['name', 'permissions']);
    });
  });

  describe('fields', () => {
    it.each<[string, string, unknown, string | string[]]>([
      // Namespaces
      ['POST', NAMESPACES, {}, 'name'],
      ['POST', NAMESPACES, { name: 'a', secret: 1 }, 'secret'],
      ['POST', NAMESPACES, { name: 'a', Name: 'b' }, 'Name'],
      ['POST', NAMESPACES, { name: 5 }, 'name'],
      ['POST', NAMESPACES, { name: null }, 'name'],
      ['POST', NAMESPACES, { name: ['a'] }, 'name'],
      ['POST', NAMESPACES, { name: { toString: 'a' } }, 'name'],
      ['POST', NAMESPACES, { name: '' }, 'name'],
      ['POST', NAMESPACES, { name: 'a'.repeat(65) }, 'name'],
      ['POST', NAMESPACES, { name: 'Upper' }, 'name'],
      ['POST', NAMESPACES, { name: '-a' }, 'name'],
      ['POST', NAMESPACES, { name: 'a_' }, 'name'],
      ['POST', NAMESPACES, { name: '..' }, 'name'],
      ['POST', NAMESPACES, { name: 'a/b' }, 'name'],
      ['POST', NAMESPACES, { name: 'a\u0000b' }, 'name'],
      ['POST', NAMESPACES, { name: 'a%00b' }, 'name'],
      ['POST', NAMESPACES, { name: 'caf\u00e9' }, 'name'],
      ['POST', NAMESPACES, { name: 'cafe\u0301' }, 'name'],
      ['POST', NAMESPACES, { name: '\u0130stanbul' }, 'name'],
      ['POST', NAMESPACES, { name: '\u202eevil' }, 'name'],
      ['POST', NAMESPACES, { name: 'a\n' }, 'name'],
      ['POST', NAMESPACES, { name: 'ok', is_public: 'true' }, 'is_public'],
      ['POST', NAMESPACES, { name: 'ok', is_public: null }, 'is_public'],
      ['POST', NAMESPACES, { name: 'ok', description: 'a'.repeat(1001) }, 'description'],
      ['POST', NAMESPACES, { name: 'ok', description: 1, is_public: 0 }, ['description', 'is_public']],
      ['PATCH', '/api/namespaces/{n}', { name: 'A' }, 'name'],
      ['PATCH', '/api/namespaces/{n}', { name: null }, 'name'],
      ['PATCH', '/api/namespaces/{n}', { id: newId() }, 'id'],
      ['PATCH', '/api/namespaces/{n}', { created_at: 'now' }, 'created_at'],
      // Keys
      ['POST', KEYS, { ...key, permissions: 'root' }, 'permissions'],
      ['POST', KEYS, { ...key, permissions: ['read'] }, 'permissions'],
      ['POST', KEYS, { ...key, permissions: 'Read' }, 'permissions'],
      ['POST', KEYS, { ...key, name: '' }, 'name'],
      ['POST', KEYS, { ...key, name: 'a'.repeat(101) }, 'name'],
      ['POST', KEYS, { ...key, name: 'a\nb' }, 'name'],
      ['POST', KEYS, { ...key, key: `plm_${'a'.repeat(43)}` }, 'key'],
      ['POST', KEYS, { ...key, namespace_id: null }, 'namespace_id'],
      ['POST', KEYS, { ...key, expires_at: 'tomorrow' }, 'expires_at'],
      ['POST', KEYS, { ...key, expires_at: '2030-02-30T00:00:00Z' }, 'expires_at'],
      ['POST', KEYS, { ...key, expires_at: '2030-W01' }, 'expires_at'],
      ['POST', KEYS, { ...key, expires_at: '2030-01-01T10' }, 'expires_at'],
      ['POST', KEYS, { ...key, expires_at: '2030-12-31T23:59:60Z' }, 'expires_at'],
      ['POST', KEYS, { ...key, expires_at: '+012030-01-01T00:00:00Z' }, 'expires_at'],
      ['POST', KEYS, { ...key, expires_at: 1893456000 }, 'expires_at'],
      ['POST', '/api/namespaces/{n}/api-keys', { ...key, permissions: '' }, 'permissions'],
      // Deployments
      ['POST', DEPLOYMENTS, {}, ['namespace_id', 'name', 'git_url']],
      ['POST', DEPLOYMENTS, newDeployment({ namespace_id: 7 }), 'namespace_id'],
      ['POST', DEPLOYMENTS, newDeployment({ name: 'a b' }), 'name'],
      ['POST', DEPLOYMENTS, newDeployment({ name: '../x' }), 'name'],
      ['POST', DEPLOYMENTS, newDeployment({ name: 'x'.repeat(129) }), 'name'],
      ['POST', DEPLOYMENTS, newDeployment({ name: 'n\u00e4me' }), 'name'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: '' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'not a url' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: `https://git.example.com/${'a'.repeat(2048)}` }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: `https://user:${SECRET}@git.example.com/a.git` }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: `https://${SECRET}@git.example.com/a.git` }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: `ssh://git:${SECRET}@git.example.com/a.git` }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: '--upload-pack=touch PWNED' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'ssh://-oProxyCommand=touch/a' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'git@-oProxyCommand=x:a' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'ext::sh -c id' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'file:///etc' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: '/etc/passwd' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'http://git.example.com/a.git' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'ftp://git.example.com/a.git' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'javascript:alert(1)' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ git_url: 'https://git.example.com/a.git\n' }), 'git_url'],
      ['POST', DEPLOYMENTS, newDeployment({ default_ref: '-x' }), 'default_ref'],
      ['POST', DEPLOYMENTS, newDeployment({ default_ref: 'a..b' }), 'default_ref'],
      ['POST', DEPLOYMENTS, newDeployment({ default_ref: '' }), 'default_ref'],
      ['POST', DEPLOYMENTS, newDeployment({ working_directory: '/etc' }), 'working_directory'],
      ['POST', DEPLOYMENTS, newDeployment({ working_directory: 'a/../../b' }), 'working_directory'],
      ['POST', DEPLOYMENTS, newDeployment({ working_directory: 'a\\b' }), 'working_directory'],
      ['POST', DEPLOYMENTS, newDeployment({ working_directory: '.git/hooks' }), 'working_directory'],
      ['POST', DEPLOYMENTS, newDeployment({ working_directory: 'a\u0000b' }), 'working_directory'],
      ['POST', DEPLOYMENTS, newDeployment({ working_directory: null }), 'working_directory'],
      ['POST', DEPLOYMENTS, newDeployment({ tool: 'pulumi' }), 'tool'],
      ['POST', DEPLOYMENTS, newDeployment({ tool_version: 'v1.2.3' }), 'tool_version'],
      ['POST', DEPLOYMENTS, newDeployment({ tool_version: '>= 1.0' }), 'tool_version'],
      ['POST', DEPLOYMENTS, newDeployment({ tool_version: '01.0.0' }), 'tool_version'],
      ['POST', DEPLOYMENTS, newDeployment({ auto_approve: 1 }), 'auto_approve'],
      ['POST', DEPLOYMENTS, newDeployment({ git_ssh_key: SECRET }), 'git_ssh_key'],
      ['POST', DEPLOYMENTS, newDeployment({ git_password: '' }), 'git_password'],
      ['POST', DEPLOYMENTS, newDeployment({ git_password: [SECRET] }), 'git_password'],
      ['POST', DEPLOYMENTS, newDeployment({ last_run: {} }), 'last_run'],
      ['PATCH', '/api/deployments/{d}', { namespace_id: newId() }, 'namespace_id'],
      ['PATCH', '/api/deployments/{d}', { name: null }, 'name'],
      ['PATCH', '/api/deployments/{d}', { git_url: null }, 'git_url'],
      ['PATCH', '/api/deployments/{d}', { git_url: 'https://u:p@git.example.com/a' }, 'git_url'],
      ['PATCH', '/api/deployments/{d}', { working_directory: '../..' }, 'working_directory'],
      // Runs
      ['POST', RUNS, { deployment_id: newId() }, 'deployment_id'],
      ['POST', RUNS, { deployment_id: 'other' }, 'deployment_id'],
      ['POST', RUNS, { status: 'success' }, 'status'],
      ['POST', RUNS, { operation: 'import' }, 'operation'],
      ['POST', RUNS, { ref: '-x' }, 'ref'],
      ['POST', RUNS, { ref: '--upload-pack=id' }, 'ref'],
      ['POST', RUNS, { ref: 'a b' }, 'ref'],
      ['POST', RUNS, { ref: 'a^{tree}' }, 'ref'],
      ['POST', RUNS, { ref: 'x'.repeat(256) }, 'ref'],
      ['POST', RUNS, { path: '/etc' }, 'path'],
      ['POST', RUNS, { path: '..' }, 'path'],
      ['POST', RUNS, { path: 'a/../../..' }, 'path'],
      ['POST', RUNS, { path: '-chdir=/' }, 'path'],
      ['POST', RUNS, { path: 'x'.repeat(1025) }, 'path'],
      ['POST', RUNS, { tool: 'sh' }, 'tool'],
      ['POST', RUNS, { tool_version: 'latest' }, 'tool_version'],
      ['POST', RUNS, { timeout: 0 }, 'timeout'],
      ['POST', RUNS, { timeout: -1 }, 'timeout'],
      ['POST', RUNS, { timeout: 1441 }, 'timeout'],
      ['POST', RUNS, { timeout: '30' }, 'timeout'],
      ['POST', RUNS, { timeout: null }, 'timeout'],
      ['POST', RUNS, { tfvars_files: 'a.tfvars' }, 'tfvars_files'],
      ['POST', RUNS, { tfvars_files: [5] }, 'tfvars_files'],
      ['POST', RUNS, { tfvars_files: ['../../../a.tfvars'] }, 'tfvars_files'],
      ['POST', RUNS, { tfvars_files: ['/etc/a.tfvars'] }, 'tfvars_files'],
      ['POST', RUNS, { tfvars_files: ['main.tf'] }, 'tfvars_files'],
      ['POST', RUNS, { tfvars_files: ['-a.tfvars'] }, 'tfvars_files'],
      ['POST', RUNS, { tfvars_files: Array(51).fill('a.tfvars') }, 'tfvars_files'],
      ['POST', RUNS, { targets: ['terraform_data'] }, 'targets'],
      ['POST', RUNS, { targets: ['a.b -destroy'] }, 'targets'],
      ['POST', RUNS, { targets: ['a.b["${file("/etc/passwd")}"]'] }, 'targets'],
      ['POST', RUNS, { targets: Array(101).fill('a.b') }, 'targets'],
      ['POST', RUNS, { replace: ['module.x'] }, 'replace'],
      ['POST', RUNS, { replace: ['data.a.b'] }, 'replace'],
      ['POST', RUNS, { replace: ['a.b'], operation: 'destroy' }, 'replace'],
      ['POST', RUNS, { env_vars: [] }, 'env_vars'],
      ['POST', RUNS, { env_vars: 'A=b' }, 'env_vars'],
      ['POST', RUNS, { env_vars: { A: 1 } }, 'env_vars.A'],
      ['POST', RUNS, { env_vars: { A: null } }, 'env_vars.A'],
      ['POST', RUNS, { env_vars: { A: { B: SECRET } } }, 'env_vars.A'],
      ['POST', RUNS, { env_vars: { A: `${SECRET}\u0000` } }, 'env_vars.A'],
      ['POST', RUNS, { env_vars: { A: SECRET.repeat(8_000) } }, 'env_vars.A'],
      ['POST', RUNS, { env_vars: { '1A': '' } }, 'env_vars."1A"'],
      ['POST', RUNS, { env_vars: { 'A B': '' } }, 'env_vars."A B"'],
      ['POST', RUNS, { env_vars: { A: '' }, sensitive_env_vars: { A: SECRET } }, 'env_vars.A'],
      ['POST', RUNS, { sensitive_env_vars: { PATH: SECRET } }, 'sensitive_env_vars.PATH'],
      ['POST', RUNS, { auto_approve: 'yes' }, 'auto_approve'],
      ['POST', `${RUNS}/{r}/approve`, {}, 'approved'],
      ['POST', `${RUNS}/{r}/approve`, { approved: 'true' }, 'approved'],
      ['POST', `${RUNS}/{r}/approve`, { approved: true, comment: 'x'.repeat(1001) }, 'comment'],
      ['POST', `${RUNS}/{r}/approve`, { approved: true, plan_sha256: 'abc' }, 'plan_sha256'],
      ['POST', `${RUNS}/{r}/cancel`, { force: 'yes' }, 'force'],
      ['POST', '/api/maintenance/sweep', { dry_run: 'false' }, 'dry_run'],
      ['POST', '/api/maintenance/sweep', { older_than: 1 }, 'older_than'],
    ])('%s %s %j: 400 that names %s', async (method, path, body, fields) => {
      const answer = await sendJson(method, path, body);
      expectProblem(answer, 400, 'validation-failed');
      expectFields(answer, [fields].flat());
    });

    it.each(
      [
        'PATH HOME SHELL BASH_ENV ENV IFS LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES TMPDIR BROWSER',
        'TF_CLI_CONFIG_FILE TERRAFORM_CONFIG TF_CLI_ARGS TF_CLI_ARGS_apply TF_CLI_ARGS_plan TF_DATA_DIR TF_WORKSPACE',
        'TF_PLUGIN_CACHE_DIR TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE TF_REATTACH_PROVIDERS TF_LOG TF_LOG_PATH',
        'TF_TEMP_LOG_PATH TF_HTTP_ADDRESS TF_HTTP_PASSWORD TF_FORCE_LOCAL_BACKEND TF_CLOUD_HOSTNAME TF_ENCRYPTION',
        'TF_DISABLE_PLUGIN_TLS OPENTOFU_X TF_INPUT TF_IN_AUTOMATION TF_STATE_PERSIST_INTERVAL TF_ACC TOFU_X',
        'TF_REGISTRY_CLIENT_TIMEOUT GIT_SSH_COMMAND GIT_ASKPASS GIT_CONFIG_COUNT GIT_EXEC_PATH SSH_AUTH_SOCK NETRC',
        'SSL_CERT_FILE HTTPS_PROXY http_proxy NODE_OPTIONS NODE_EXTRA_CA_CERTS PYTHONPATH PERL5LIB RUBYOPT GODEBUG',
        'GOTRACEBACK PLUGIN_MIN_PORT',
      ]
        .join(' ')
        .split(' '),
    )('the variable %s: 400 with its name, and never its value', async (name) => {
      for (const field of ['env_vars', 'sensitive_env_vars']) {
        const answer = await sendJson('POST', RUNS, { [field]: { [name]: SECRET } });
        expectProblem(answer, 400, 'validation-failed');
        expectFields(answer, [`${field}.${name}`]);
        expect(answer.body.detail).toContain(name);
      }
    });
  });

  describe('queries', () => {
    const LISTS = [NAMESPACES, '/api/namespaces/{n}/api-keys', KEYS, DEPLOYMENTS, RUNS, '/api/runs', '/api/audit'];
    const BAD = [
      ...['0', '-1', '201', 'abc', '', '1.5', '1e2', '0x10', '+5', '999999999999', '5&limit=6'].map(
        (limit) => `limit=${limit}`,
      ),
      ...['x', '', '%00', 'W10', 'WzEsMl0', 'bnVsbA', 'e30', '!!!!', 'a'.repeat(600)].map(
        (cursor) => `cursor=${cursor}`,
      ),
    ];

    it.each(LISTS)('%s refuses limits and cursors that are none', async (path) => {
      for (const query of BAD) {
        const answer = await send({ path: `${path}?${query}` });
        expectProblem(answer, 400, 'validation-failed');
        expectFields(answer, [query.split('=')[0]!]);
      }
    });

    it.each(LISTS)('%s refuses what it does not know', async (path) => {
      const answer = await send({ path: `${path}?colour=red` });
      expectProblem(answer, 400, 'validation-failed');
      expectFields(answer, ['colour']);
    });

    it.each<[string, string, string]>([
      [DEPLOYMENTS, 'status=broken', 'status'],
      [DEPLOYMENTS, 'status=success&status=failed', 'status'],
      [DEPLOYMENTS, `q=${'x'.repeat(201)}`, 'q'],
      [DEPLOYMENTS, 'q[]=x', 'q[]'],
      [DEPLOYMENTS, 'namespace=', 'namespace'],
      [RUNS, 'status=none', 'status'],
      [RUNS, 'status=Pending', 'status'],
      [RUNS, 'path=/etc', 'path'],
      [RUNS, 'path=..', 'path'],
      ['/api/runs', 'status=done', 'status'],
      ['/api/runs', 'path=a', 'path'],
      ['/api/audit', 'since=yesterday', 'since'],
      ['/api/audit', 'since=2030-W01', 'since'],
      ['/api/audit', 'since=2026-13-01T00:00:00Z', 'since'],
      ['/api/audit', `actor=${'x'.repeat(161)}`, 'actor'],
      ['/api/deployments/{d}/browse', 'path=../..', 'path'],
      ['/api/deployments/{d}/browse', 'path=%2Fetc', 'path'],
      ['/api/deployments/{d}/browse', 'path=%2e%2e%2f%2e%2e%2f%2e%2e', 'path'],
      ['/api/deployments/{d}/browse', 'ref=-x', 'ref'],
      ['/api/deployments/{d}/tfvars', 'ref=a%00b', 'ref'],
      ['/api/deployments/{d}/tfvars', 'path=a%00b', 'path'],
      ['/api/deployments/{d}/status', 'path=/', 'path'],
      [`${RUNS}/{r}/logs/init`, 'color=maybe', 'color'],
    ])('%s?%s: 400 that names %s', async (path, query, field) => {
      const answer = await send({ path: `${path}?${query}` });
      expectProblem(answer, 400, 'validation-failed');
      expectFields(answer, [field]);
    });

    it('DELETE with a force that is neither true nor false deletes nothing', async () => {
      const answer = await send({ method: 'DELETE', path: '/api/deployments/{d}?force=maybe' });
      expectProblem(answer, 400, 'validation-failed');
      expectFields(answer, ['force']);
    });

    it('an unknown namespace as a filter: 404', async () => {
      for (const path of [DEPLOYMENTS, '/api/runs']) {
        for (const name of ['nowhere', newId(), '..', '%00', "'%20OR%201=1--"]) {
          expectProblem(await send({ path: `${path}?namespace=${name}` }), 404);
        }
      }
    });

    it('a Last-Event-ID that is none', async () => {
      for (const id of ['abc', '-1', '1.5', '9999999999']) {
        const answer = await send({ path: `${RUNS}/{r}/stream`, headers: { 'last-event-id': id } });
        expectProblem(answer, 400, 'validation-failed');
      }
    });
  });

  describe('paths', () => {
    const IDS = [
      'none',
      newId(),
      '0',
      'null',
      'undefined',
      '__proto__',
      '*',
      '%25',
      '%00',
      'a%00b',
      '%2f',
      '%2e%2e%2fetc',
      '%F0%9F%92%A9',
      'caf%C3%A9',
      "'%20OR%20'1'='1",
      '%3Cscript%3E',
      'x'.repeat(5_000),
      newId().toUpperCase(),
    ];

    it.each<[string, string, unknown?]>([
      ['GET', '/api/namespaces/ID'],
      ['PATCH', '/api/namespaces/ID', {}],
      ['DELETE', '/api/namespaces/ID'],
      ['GET', '/api/namespaces/ID/api-keys'],
      ['DELETE', '/api/namespaces/{n}/api-keys/ID'],
      ['DELETE', '/api/api-keys/ID'],
      ['GET', '/api/deployments/ID'],
      ['PATCH', '/api/deployments/ID', {}],
      ['DELETE', '/api/deployments/ID'],
      ['POST', '/api/deployments/ID/runs', {}],
      ['GET', `${RUNS}/ID`],
      ['DELETE', `${RUNS}/ID`],
      ['POST', `${RUNS}/ID/approve`, { approved: true }],
      ['POST', `${RUNS}/ID/cancel`, {}],
      ['GET', `${RUNS}/ID/logs/init`],
      ['GET', `${RUNS}/ID/plan`],
      ['GET', `${RUNS}/{r}/logs/ID`],
    ])('%s %s with ids that are none: 404', async (method, path, body = null) => {
      for (const id of IDS) {
        const target = path.replace('ID', id);
        const answer = body === null ? await send({ method, path: target }) : await sendJson(method, target, body);
        expectProblem(answer, 404);
      }
    });

    it('with broken escapes: 400', async () => {
      for (const path of ['/api/namespaces/%', '/api/namespaces/%ff', '/api/deployments/%E0%A4%A/runs']) {
        expectProblem(await send({ path }), 400);
      }
    });

    it('climb nowhere', async () => {
      for (const path of [
        '/api/../etc/passwd',
        '/api/docs/../../package.json',
        '/api/docs/..%2f..%2fpackage.json',
        '/api/docs/%2e%2e/%2e%2e/package.json',
        '/../../../../etc/passwd',
      ]) {
        const answer = await send({ path });
        expect([400, 403, 404]).toContain(answer.status);
        expect(answer.text).not.toMatch(/root:|"dependencies"/);
      }
    });

    it('that are no routes: 404, in the form their clients read', async () => {
      for (const path of ['/', '/api', '/api/none', '/api/namespaces/{n}/none', '/health', '/metrics/none', '/%zz']) {
        expectProblem(await send({ path }), 404, 'no-route');
      }
      for (const path of ['/v1/modules/a/b/c/versions', '/v1/none', '/v1/']) {
        const answer = await send({ path });
        expect(answer.status).toBe(404);
        expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
        expect(answer.body).toEqual({ errors: [expect.stringMatching(/./)] });
      }
    });

    it('with a method they do not have: 404 or 405', async () => {
      for (const [method, path] of [
        ['PUT', NAMESPACES],
        ['DELETE', NAMESPACES],
        ['POST', '/api/whoami'],
        ['PATCH', '/api/runs'],
        ['DELETE', '/health/live'],
        ['POST', '/api/openapi.json'],
        ['TRACE', NAMESPACES],
        ['PROPFIND', NAMESPACES],
        ['LOCK', DEPLOYMENTS],
      ] as const) {
        const answer = await send({ method, path });
        expect([404, 405]).toContain(answer.status);
        expectProblem(answer, answer.status);
      }
    });

    it('OPTIONS gives nothing away, HEAD answers as GET without the body', async () => {
      const options = await send({ method: 'OPTIONS', path: NAMESPACES });
      expect(options.status).toBeLessThan(500);
      expect(options.text).not.toContain('problems"');
      for (const path of [NAMESPACES, '/api/namespaces/{n}', '/health/live', '/api/namespaces/none']) {
        const get = await send({ path });
        const head = await send({ method: 'HEAD', path });
        expect([head.status, head.text]).toEqual([get.status, '']);
        expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
      }
    });
  });

  describe('headers', () => {
    it('X-Request-Id is taken when well formed, and made otherwise', async () => {
      for (const given of ['abc', 'A-1:b.c_d', 'x'.repeat(128)]) {
        expect((await send({ path: NAMESPACES, headers: { 'x-request-id': given } })).status).toBe(200);
      }
      const answers = [
        await rawRequest(server.url, { path: '/health/live' }),
        ...(await Promise.all(
          ['', 'a b', 'x'.repeat(129), '<script>', 'caf\u00e9'].map((given) =>
            rawRequest(server.url, { path: '/health/live', headers: { 'x-request-id': given } }),
          ),
        )),
      ];
      const made = answers.map(({ headers }) => headers.get('x-request-id'));
      expect(made).toEqual(made.map(() => expect.stringMatching(/^[0-9a-f-]{36}$/)));
      expect(new Set(made).size).toBe(made.length);
    });

    it('are safe ones on every answer, and none invites another origin', async () => {
      for (const path of [NAMESPACES, '/api/none', '/health/live', '/api/docs', '/v1/none', '/api/namespaces/%']) {
        const { headers } = await send({ path, headers: { origin: 'https://evil.example.com' } });
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('x-frame-options')).toMatch(/SAMEORIGIN|DENY/);
        expect(headers.get('content-security-policy')).toContain("script-src 'self'");
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('x-powered-by')).toBeNull();
        expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    });

    it('of 100 KB are refused, and the server goes on', async () => {
      const answer = await rawRequest(server.url, {
        path: NAMESPACES,
        headers: { 'x-large': 'x'.repeat(100_000) },
      }).catch(() => ({ status: 431 }));
      expect(answer.status).toBe(431);
      expect((await rawRequest(server.url, { path: '/health/live' })).status).toBe(200);
    });
  });
});

/** Without a Content-Length. */
async function sendInPieces(url: string, body: string): Promise<TestResponse> {
  const init = {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: new Blob([body]).stream(),
    duplex: 'half',
  };
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

describe('a server that limits and allows', () => {
  const LIMIT = 30;
  const ORIGIN = 'https://ui.example.com';
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ RATE_LIMIT_PER_MINUTE: String(LIMIT), CORS_ORIGINS: ORIGIN });
  });
  afterAll(() => server.stop());

  const whoami = (key: string): Promise<TestResponse> => server.request('GET', '/api/whoami', undefined, key);

  function expectWait(answer: TestResponse): void {
    expectProblem(answer, 429, 'too-many-requests');
    const seconds = Number(answer.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
  }

  it('allows the configured origin, and no other', async () => {
    const preflight = (origin: string): Promise<TestResponse> =>
      rawRequest(server.url, {
        method: 'OPTIONS',
        path: '/api/namespaces',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    const allowed = await preflight(ORIGIN);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(allowed.headers.get('access-control-allow-headers')).toMatch(/authorization/i);
    expect(allowed.headers.get('access-control-allow-methods')).toContain('PATCH');
    const answer = await rawRequest(server.url, { path: '/health/live', headers: { origin: ORIGIN } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(answer.headers.get('access-control-expose-headers')).toMatch(/Link.*X-Request-Id/);
    expect(answer.headers.get('vary')).toContain('Origin');
    for (const origin of ['https://evil.example.com', 'null', `${ORIGIN}.evil.example.com`, 'http://ui.example.com']) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
      const read = await rawRequest(server.url, { path: '/health/live', headers: { origin } });
      expect(read.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('slows wrong keys down, while right keys from the same address go on', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < LIMIT; attempt++) {
      const answer = await whoami(`plm_${String(attempt).padStart(43, '0')}`);
      statuses.push(answer.status);
      if (answer.status !== 401) expectWait(answer);
    }
    expect(statuses[0]).toBe(401);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(LIMIT / 2);
    expect((await whoami(ADMIN_KEY)).status).toBe(200);
  });

  it('limits each key by itself, and says how long to wait', async () => {
    const { key } = (await server.request('POST', '/api/api-keys', { name: 'busy', permissions: 'read' })).body;
    const statuses: number[] = [];
    for (let request = 0; request < LIMIT + 5; request++) {
      const answer = await server.request('GET', request % 2 ? '/api/whoami' : '/api/namespaces', undefined, key);
      statuses.push(answer.status);
      if (answer.status !== 200) expectWait(answer);
    }
    expect(statuses).toEqual([...Array(LIMIT).fill(200), ...Array(5).fill(429)]);
    expect((await whoami(ADMIN_KEY)).status).toBe(200);
  });

  it('limits an address that sends no key', async () => {
    const statuses: number[] = [];
    for (let request = 0; request < LIMIT + 5; request++) {
      statuses.push((await server.request('GET', '/api/whoami', undefined, null)).status);
    }
    expect(statuses.slice(0, 3)).toEqual([401, 401, 401]);
    expect(statuses.at(-1)).toBe(429);
  });

  it('knows a key on what needs none, so that others do not use up what it may ask', async () => {
    const { key } = (await server.request('POST', '/api/api-keys', { name: 'reader', permissions: 'read' })).body;
    const module = { namespace_id: 'default', name: 'open', provider: 'test' };
    expect((await server.request('PATCH', '/api/namespaces/default', { is_public: true })).status).toBe(200);
    expect((await server.request('POST', '/api/modules', module)).status).toBe(201);
    const asked = (sent: string | null): Promise<TestResponse> =>
      server.request('GET', '/v1/modules/default/open/test/versions', undefined, sent);
    const statuses: number[] = [];
    for (let request = 0; request < LIMIT + 5; request++) statuses.push((await asked(null)).status);
    expect(statuses.at(-1)).toBe(429);
    expect((await asked(key)).status).toBe(200);
    // A wrong one is none.
    expect((await asked(`plm_${'9'.repeat(43)}`)).status).toBe(429);
    for (let request = 0; request < LIMIT + 5; request++) {
      const discovery = await server.request('GET', '/.well-known/terraform.json', undefined, null);
      expect(discovery.status).toBe(200);
    }
  });

  it('never limits the questions of a load balancer', async () => {
    for (let request = 0; request < LIMIT + 5; request++) {
      expect((await server.request('GET', '/health/live', undefined, null)).status).toBe(200);
    }
  });
});
