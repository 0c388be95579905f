import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { DeploymentDriver, type RunBody } from '../../support/run-driver';
import { startTestServer, type TestResponse, type TestServer } from '../../support/test-server';

const variable = (
  key: string,
  value: string | null,
  fields: Record<string, unknown> = {},
): Record<string, unknown> => ({
  key,
  value,
  category: 'terraform',
  sensitive: false,
  hcl: false,
  ...fields,
});
const env = (key: string, value: string | null, fields: Record<string, unknown> = {}): Record<string, unknown> =>
  variable(key, value, { category: 'env', ...fields });

const WORDS = ['text', 'list', 'secret', 'a', 'b', 'c'];
const PRINTING = `
${WORDS.map((word) => `variable "${word}" {\n  default = "unset"\n}`).join('\n')}
output "seen" { value = { ${WORDS.map((word) => `${word} = var.${word}`).join(', ')} } }
resource "terraform_data" "one" { input = timestamp() }
`;

describe('variables', () => {
  let server: TestServer;
  let namespace = '';
  let names = 0;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    namespace = (await ask('POST', '/api/namespaces', { name: `variables-${++names}` })).id;
  });

  const ask = async (method: string, path: string, body?: unknown): Promise<TestResponse['body']> => {
    const answer = await server.request(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  };
  const create = (main = PRINTING, files = {}): Promise<DeploymentDriver> =>
    DeploymentDriver.create(server, { 'main.tf': main, ...files }, { namespace_id: namespace });
  const put = (deployment: DeploymentDriver, list: unknown): Promise<TestResponse> =>
    deployment.server.request('PUT', `${deployment.path}/variables`, list);
  const newSet = (name: string, variables: unknown[]): Promise<{ id: string }> =>
    ask('POST', `/api/namespaces/${namespace}/variable-sets`, { name, variables });
  const planOf = async (deployment: DeploymentDriver, fields = {}): Promise<RunBody> => {
    const run = await deployment.start({ operation: 'plan', ...fields });
    return deployment.reach(run.id, 'success');
  };
  /** What the configuration saw. */
  const seenBy = async (deployment: DeploymentDriver, run: RunBody): Promise<Record<string, unknown>> => {
    const plan = await ask('GET', `${deployment.path}/runs/${run.id}/plan`);
    return plan.planned_values.outputs.seen.value;
  };
  /** Waits until no file below a folder of the server's data holds the text: a run's secrets go once it has ended. */
  const untilRemoved = async (text: string, folder = '.'): Promise<void> => {
    const holders = (): string[] =>
      readdirSync(join(server.dataDir, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => existsSync(file) && readFileSync(file).includes(text));
    await eventually(
      'the values are removed',
      () => holders().length === 0,
      10_000,
      () => holders().join(),
    );
  };

  it('reach the plan: strings as they are, expressions as values, and they beat a committed file', async () => {
    const deployment = await create(PRINTING, { 'terraform.tfvars': 'text = "committed"\nc = "committed"\n' });
    const text = '["${a}", "%{b}"] \\ "q"\nsecond line';
    const list = [
      variable('text', text),
      variable('list', '["x", "$${y}", 1.5, { k = true }]', { hcl: true }),
      variable('undeclared', 'of a set for others'),
    ];
    const answer = await put(deployment, list);
    expect([answer.status, answer.body]).toEqual([200, list]);
    expect(await ask('GET', `${deployment.path}/variables`)).toEqual(list);
    const run = await planOf(deployment);
    expect(await seenBy(deployment, run)).toMatchObject({
      text,
      list: ['x', '${y}', 1.5, { k: true }],
      a: 'unset',
      c: 'committed',
    });
    const executions = await ask('GET', `${deployment.path}/runs/${run.id}/executions`);
    const args = Object.fromEntries(executions.map((each: RunBody) => [each.command, each.args]));
    expect(args.plan).toContain('-var-file=../variables.tfvars.json');
    expect(JSON.stringify([args.init, args.show])).not.toContain('var-file');
    expect(run.plan_log).toContain('does not declare a variable named "undeclared"');
    expect(run.plan_log).not.toContain(server.dataDir);
    await untilRemoved('second line', 'work');
  });

  // Only root may start a process as somebody else.
  (process.getuid?.() === 0 ? it : it.skip)('reach a tool that runs as another user, in a folder below', async () => {
    const other = await startTestServer({ RUNNER_USER: '65534:65534' });
    try {
      const files = { 'a/b/main.tf': 'variable "word" {}\noutput "word" { value = var.word }\n' };
      const deployment = await DeploymentDriver.create(other, files, { working_directory: 'a/b' });
      await put(deployment, [variable('word', 'of the file')]);
      const run = await deployment.apply();
      expect(run.plan_log).toContain('of the file');
    } finally {
      await other.stop();
    }
  });

  it('of a set are inherited; the deployment overrides them, and the run overrides both', async () => {
    await newSet('b-later', [variable('a', 'set b'), variable('b', 'set b'), env('TF_VAR_text', 'set b')]);
    await newSet('a-first', [variable('a', 'set a'), variable('c', 'set a'), variable('list', 'set a')]);
    const deployment = await create(PRINTING, { 'run.tfvars': 'b = "file of the run"\n' });
    await put(deployment, [variable('c', 'own'), env('TF_VAR_list', 'own')]);
    expect(await seenBy(deployment, await planOf(deployment))).toMatchObject({
      a: 'set a',
      b: 'set b',
      c: 'own',
      text: 'set b',
      list: 'own',
    });
    const run = await planOf(deployment, {
      tfvars_files: ['run.tfvars'],
      env_vars: { TF_VAR_c: 'run' },
      sensitive_env_vars: { TF_VAR_text: 'run-secret' },
    });
    expect(await seenBy(deployment, run)).toMatchObject({ a: 'set a', b: 'file of the run', c: 'run', text: '***' });

    const other = await DeploymentDriver.create(server, { 'main.tf': PRINTING });
    expect(await seenBy(other, await planOf(other))).toMatchObject({ a: 'unset', b: 'unset' });
  });

  it('that are sensitive are masked in logs and plans, never given back, and encrypted', async () => {
    const deployment = await create(`${PRINTING}
      resource "terraform_data" "two" {
        input = var.list
        provisioner "local-exec" { command = "echo env is $TOKEN_OF_ENV; echo variable is \${var.secret}" }
      }`);
    const list = [
      variable('secret', 'TerraformCanary-1', { sensitive: true }),
      variable('list', '["InnerCanary-2", "open"]', { sensitive: true, hcl: true }),
      env('TOKEN_OF_ENV', 'EnvCanary-3', { sensitive: true }),
    ];
    const stored = await put(deployment, list);
    expect(stored.body).toEqual(list.map((each) => ({ ...each, value: null })));
    const run = await deployment.apply();
    expect(run.apply_log).toContain('env is ***');
    expect(run.apply_log).toContain('variable is ***');
    expect(run.plan_log).toContain('***');
    expect(run.plan_log).toContain('open');
    const plan = await server.request('GET', `${deployment.path}/runs/${run.id}/plan`);
    const seen = [JSON.stringify(run), plan.text, stored.text, (await server.request('GET', '/api/audit')).text].join();
    expect(seen).not.toMatch(/Canary-[123]/);
    expect(seen).toContain('terraform.secret');
    await untilRemoved('Canary-');
  });

  it('keep a sensitive value that is not given again, in the same category alone', async () => {
    const deployment = await create();
    const path = `${deployment.path}/variables`;
    await ask('PUT', path, [
      variable('secret', '["Kept-value"]', { sensitive: true }),
      variable('text', 'open'),
      env('A', 'EnvKept', { sensitive: true }),
    ]);
    await ask('PUT', path, [variable('text', 'x'), variable('secret', null, { sensitive: true })]);
    expect((await seenBy(deployment, await planOf(deployment))).secret).toBe('***');
    // The same value, as an expression from now on.
    await ask('PUT', path, [variable('secret', null, { sensitive: true, hcl: true }), variable('text', 'x')]);
    expect((await seenBy(deployment, await planOf(deployment))).secret).toEqual(['***']);

    for (const refused of [
      env('secret', null, { sensitive: true }),
      variable('secret', null),
      variable('text', null, { sensitive: true }),
      env('A', null, { sensitive: true }),
    ]) {
      const answer = await put(deployment, [variable('a', 'v'), refused]);
      expect([answer.status, answer.body.errors?.[0].field]).toEqual([400, 'variables.1.value']);
    }
  });

  it('that were changed after the plan: apply gets the new environment, and the old value stays masked', async () => {
    const deployment = await create(`
      variable "secret" {}
      resource "terraform_data" "one" {
        provisioner "local-exec" { command = "echo env is $TOKEN; echo token is $TOKEN_OF_ENV; echo planned \${var.secret}" }
      }`);
    const path = `${deployment.path}/variables`;
    const token = (value: string): unknown[] => [
      env('TOKEN', value),
      env('TOKEN_OF_ENV', `${value}-secret`, { sensitive: true }),
      variable('secret', `${value}-planned`, { sensitive: true }),
    ];
    await ask('PUT', path, token('first'));
    const run = await deployment.start();
    await deployment.reach(run.id, 'awaiting_approval');
    await ask('PUT', path, token('second'));
    await deployment.act(run.id, 'approve', { approved: true });
    const done = await deployment.reach(run.id, 'success');
    expect(done.apply_log).toContain('env is second');
    expect(done.apply_log).toContain('token is ***');
    expect(done.apply_log).toContain('planned ***');
    expect(done.apply_log).not.toContain('first-planned');
    const executions = await ask('GET', `${deployment.path}/runs/${run.id}/executions`);
    const apply = executions.find((each: RunBody) => each.command === 'apply');
    expect(apply.args.join(' ')).not.toContain('var');
    expect(apply.env_names).toContain('TOKEN_OF_ENV');
  });

  it('are refused with the field and the reason', async () => {
    const deployment = await create();
    const cases: [unknown, string, RegExp][] = [
      [{ a: 1 }, 'variables', /array/],
      [[{ ...variable('a', 'v'), extra: 1 }], 'variables.0.extra', /is not a known field/],
      [[variable('a', 'v', { category: 'other' })], 'variables.0.category', /one of/],
      [[{ key: 'a', category: 'env' }], 'variables.0.value', /string/],
      [[variable('a', 'v', { sensitive: 'yes' })], 'variables.0.sensitive', /boolean/],
      [[variable('ok', 'v'), env('LD_PRELOAD', 'v')], 'variables.1.key', /LD_PRELOAD is refused: it changes how/],
      [[env('TF_CLI_ARGS', 'v')], 'variables.0.key', /refused: the platform sets how/],
      [[variable('a', 'v'), variable('a', 'w')], 'variables.1.key', /twice/],
      [[variable('a', 'x'.repeat(65_537))], 'variables.0.value', /64 KiB/],
      [[variable('a', 'v'), variable('b', '[1', { hcl: true })], 'variables.1.value', /is no expression: line 1/],
      [[variable('a', 'var.x', { hcl: true })], 'variables.0.value', /needs evaluation/],
      [[variable('a', 'upper("x")', { hcl: true })], 'variables.0.value', /needs evaluation/],
      [[env('A', '1', { hcl: true })], 'variables.0.hcl', /terraform alone/],
      [Array.from({ length: 501 }, (_, i) => variable(`v${i}`, '')), 'variables', /500/],
    ];
    for (const [list, field, message] of cases) {
      const answer = await put(deployment, list);
      expect([answer.status, answer.body.errors?.[0]]).toEqual([
        400,
        { field, message: expect.stringMatching(message) },
      ]);
    }
    const secret = await put(deployment, [variable('a', '"\\s3cret', { hcl: true, sensitive: true })]);
    expect(secret.text).not.toContain('s3cret');
    expect(await ask('GET', `${deployment.path}/variables`)).toEqual([]);
    expect(
      (
        await put(
          deployment,
          Array.from({ length: 500 }, (_, i) => variable(`v${i}`, '')),
        )
      ).status,
    ).toBe(200);
  });

  it('are kept in sets that can be made, listed, changed and deleted', async () => {
    const path = `/api/namespaces/${namespace}/variable-sets`;
    const set = await ask('POST', path, {
      name: 'common',
      description: 'for all',
      variables: [variable('a', 'Hidden-value', { sensitive: true }), env('REGION', 'eu')],
    });
    expect(set).toEqual({
      id: expect.any(String),
      namespace_id: namespace,
      name: 'common',
      description: 'for all',
      variables: [variable('a', null, { sensitive: true }), env('REGION', 'eu')],
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const second = await newSet('second', []);
    expect((await ask('GET', path)).map(({ name }: { name: string }) => name)).toEqual(['second', 'common']);
    expect(await ask('GET', `${path}/${set.id}`)).toEqual(set);
    const taken = await server.request('PATCH', `${path}/${second.id}`, { name: 'common' });
    expect([taken.status, taken.body.type]).toEqual([409, '/problems/name-taken']);

    const renamed = await ask('PATCH', `${path}/${set.id}`, { name: 'renamed' });
    expect(renamed).toMatchObject({ name: 'renamed', description: 'for all', variables: set.variables });
    const changed = await ask('PATCH', `${path}/${set.id}`, { variables: [variable('a', null, { sensitive: true })] });
    expect(changed.variables).toEqual([variable('a', null, { sensitive: true })]);
    const deployment = await create();
    expect((await seenBy(deployment, await planOf(deployment))).a).toBe('***');
    await untilRemoved('Hidden-value');

    const refused = await server.request('PATCH', `${path}/${set.id}`, { variables: [variable('b', null)] });
    expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'variables.0.value']);
    expect((await server.request('PATCH', `${path}/${set.id}`, { name: null })).status).toBe(400);
    expect((await server.request('GET', `/api/namespaces/default/variable-sets/${set.id}`)).status).toBe(404);
    expect((await server.request('DELETE', `${path}/${set.id}`)).status).toBe(204);
    expect((await server.request('GET', `${path}/${set.id}`)).status).toBe(404);
    expect((await seenBy(deployment, await planOf(deployment))).a).toBe('unset');
  });

  it('go with their deployment, and sets with their namespace', async () => {
    const { id } = await newSet('gone', [variable('a', 'v')]);
    const deployment = await create();
    await put(deployment, [variable('a', 'v')]);
    expect((await server.request('DELETE', deployment.path)).status).toBe(204);
    expect((await server.request('GET', `${deployment.path}/variables`)).status).toBe(404);
    expect((await server.request('DELETE', `/api/namespaces/${namespace}`)).status).toBe(204);
    expect((await server.request('GET', `/api/namespaces/${namespace}/variable-sets/${id}`)).status).toBe(404);
  });

  it('replaced by two at once: one whole list remains, and no value is lost silently', async () => {
    const deployment = await create();
    const secret = variable('secret', 'Kept-value', { sensitive: true });
    await put(deployment, [secret]);
    const answers = await Promise.all(
      ['one', 'two', 'three', 'four'].map((value, index) =>
        put(deployment, [variable('a', value), index === 3 ? secret : variable('secret', null, { sensitive: true })]),
      ),
    );
    for (const { status, body } of answers) {
      if (status !== 200) expect([status, body.type]).toEqual([409, '/problems/variables-changed']);
    }
    const left = await ask('GET', `${deployment.path}/variables`);
    const winners = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(winners).toContainEqual(left);
    expect(left).toHaveLength(2);
  });
});
