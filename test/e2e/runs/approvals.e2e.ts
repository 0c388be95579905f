import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { DeploymentDriver, type RunBody } from '../../support/run-driver';
import { ADMIN_KEY, startTestServer, type TestResponse, TestServer } from '../../support/test-server';

const resources = (...names: string[]): string =>
  names.map((name) => `resource "terraform_data" "${name}" { input = "${name}" }\n`).join('');

/** Appends a line, so that it can be counted how often it was applied. */
const counted = (file: string): string => `
resource "terraform_data" "counted" {
  provisioner "local-exec" { command = "echo applied >> ${file}" }
}
`;

describe('approval policies', () => {
  let server: TestServer;
  const keys: Record<string, string> = {};
  beforeAll(async () => {
    server = await startTestServer();
    for (const [name, permissions] of [
      ['alice', 'write'],
      ['bob', 'write'],
      ['carol', 'write'],
      ['root', 'admin'],
    ] as const) {
      const made = await server.request('POST', '/api/namespaces/default/api-keys', { name, permissions });
      expect(made.status).toBe(201);
      keys[name] = made.body.key;
    }
  });
  afterAll(() => server.stop());

  const create = (approval: unknown, files = { 'main.tf': resources('one') }, fields = {}): Promise<DeploymentDriver> =>
    DeploymentDriver.create(server, files, { approval, ...fields });

  const start = async (deployment: DeploymentDriver, who: string, fields = {}): Promise<RunBody> => {
    const answer = await server.request('POST', `${deployment.path}/runs`, fields, keys[who]);
    expect(answer.status).toBe(201);
    return answer.body;
  };

  const approve = (deployment: DeploymentDriver, runId: string, who: string, fields = {}): Promise<TestResponse> =>
    server.request('POST', `${deployment.path}/runs/${runId}/approve`, { approved: true, ...fields }, keys[who]);

  it('are one approval by anybody, where nothing is said', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': resources('one') });
    const { body } = await server.request('GET', deployment.path);
    expect(body.approval).toEqual({ required: 1, not_by_requester: false, rules: [] });
    const run = await start(deployment, 'alice');
    expect(run).toMatchObject({ approvals_required: null, approval_reason: null, approvals: [] });
    const planned = await deployment.reach(run.id, 'awaiting_approval');
    expect(planned).toMatchObject({
      approvals_required: 1,
      approval_reason: 'One approval is needed: the deployment says so.',
    });
    const { status, body: approved } = await approve(deployment, run.id, 'alice', { comment: 'mine' });
    expect(status).toBe(200);
    expect(approved).toMatchObject({ status: 'applying', approved_by: expect.stringMatching(/^alice \(plm_/) });
    expect(approved.approvals).toEqual([
      {
        by: approved.approved_by,
        at: approved.approved_at,
        comment: 'mine',
        plan_sha256: planned.plan_sha256,
        commit_sha: planned.commit_sha,
      },
    ]);
    await deployment.reach(run.id, 'success');
    const again = await deployment.start({ auto_approve: true });
    expect(await deployment.reach(again.id, 'success')).toMatchObject({
      approvals_required: null,
      approval_reason: 'No approval is needed: nothing would change.',
    });
  });

  it('let nobody approve what he started, and take two different keys where two are asked for', async () => {
    const ledger = `${server.dataDir}/four-eyes`;
    const deployment = await create({ required: 2, not_by_requester: true }, { 'main.tf': counted(ledger) });
    const run = await start(deployment, 'alice', { auto_approve: true });
    const planned = await deployment.reach(run.id, 'awaiting_approval');
    expect(planned).toMatchObject({
      approvals_required: 2,
      approval_reason:
        'Two approvals are needed: the deployment says so. Who started the run may not approve it. auto_approve does not count here.',
    });
    const own = await approve(deployment, run.id, 'alice');
    expect(own.status).toBe(403);
    expect(own.body).toMatchObject({ type: expect.stringContaining('approval-by-requester') });
    const stream = await deployment.stream(run.id);
    expect((await approve(deployment, run.id, 'bob', { plan_sha256: 'f'.repeat(64) })).status).toBe(409);
    const first = await approve(deployment, run.id, 'bob', {
      plan_sha256: planned.plan_sha256,
      comment: 'looks right',
    });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ status: 'awaiting_approval', approved_by: null, approved_at: null });
    const twice = await approve(deployment, run.id, 'bob');
    expect(twice.status).toBe(409);
    expect(twice.body.detail).toBe('You approved this plan already; 1 more must come from other keys.');
    expect(existsSync(ledger)).toBe(false);
    // Who watches sees each approval at once.
    await eventually('the first approval in the stream', () =>
      stream
        .events()
        .some(
          ({ event, data }) => event === 'status' && data.status === 'awaiting_approval' && data.approvals.length === 1,
        ),
    );
    stream.close();
    const second = await approve(deployment, run.id, 'carol');
    expect(second.body).toMatchObject({ status: 'applying', approved_by: expect.stringMatching(/^carol/) });
    expect(second.body.approvals.map(({ by }: { by: string }) => by.split(' ')[0])).toEqual(['bob', 'carol']);
    expect((await deployment.reach(run.id, 'success')).approvals).toHaveLength(2);

    const { body: audit } = await server.request('GET', '/api/audit?action=run.approve&limit=2');
    for (const [entry, who, approval] of [
      [audit[1], 'bob', '1 of 2'],
      [audit[0], 'carol', '2 of 2'],
    ]) {
      expect(entry).toMatchObject({
        actor: expect.stringMatching(new RegExp(`^${who} `)),
        target_id: run.id,
        details: { plan_sha256: planned.plan_sha256, commit_sha: planned.commit_sha, approval },
      });
    }
  });

  it('end a run with one rejection, also by who started it', async () => {
    const deployment = await create({ required: 3, not_by_requester: true });
    const run = await start(deployment, 'alice');
    await deployment.reach(run.id, 'awaiting_approval');
    expect((await approve(deployment, run.id, 'bob')).status).toBe(200);
    const rejected = await approve(deployment, run.id, 'alice', { approved: false, comment: 'no' });
    expect(rejected.body).toMatchObject({
      status: 'cancelled',
      error_message: expect.stringMatching(/^Rejected by alice .*: no$/),
    });
    expect((await approve(deployment, run.id, 'carol')).status).toBe(409);
  });

  it('decide by what the plan would do, and say which rule it was', async () => {
    const approval = {
      required: 1,
      rules: [
        { name: 'small and new', required: 0, when: { only_creates: true, max_changes: 2 } },
        { name: 'no destruction alone', required: 2, when: { destroys: true } },
        { name: 'vault', required: 3, when: { any_address: ['*.vault*'] } },
      ],
    };
    const deployment = await create(approval, { 'main.tf': resources('one', 'two') });
    const plain = await start(deployment, 'alice');
    expect(await deployment.reach(plain.id, 'success')).toMatchObject({
      approvals_required: 0,
      approved_by: 'approval-policy',
      approval_reason: 'No approval is needed: rule "small and new" (the plan only creates, changes 2 resources).',
    });

    const destroying = await start(deployment, 'alice', { operation: 'destroy', auto_approve: true });
    expect(await deployment.reach(destroying.id, 'awaiting_approval')).toMatchObject({
      approvals_required: 2,
      approval_reason: expect.stringMatching(
        /^Two approvals are needed: rule "no destruction alone" \(the plan destroys terraform_data\.one and 1 more\)/,
      ),
    });
    await deployment.act(destroying.id, 'cancel', {});

    await deployment.repository.commit({ 'main.tf': resources('one', 'two', 'three', 'vault') });
    const vault = await start(deployment, 'alice');
    expect(await deployment.reach(vault.id, 'awaiting_approval')).toMatchObject({
      approvals_required: 3,
      approval_reason: '3 approvals are needed: rule "vault" (the plan changes terraform_data.vault).',
    });
    await deployment.act(vault.id, 'cancel', {});

    await deployment.repository.commit({ 'main.tf': resources('one', 'two', 'three', 'four', 'five') });
    const base = await start(deployment, 'alice');
    expect(await deployment.reach(base.id, 'awaiting_approval')).toMatchObject({ approvals_required: 1 });
    await deployment.act(base.id, 'cancel', {});
  });

  it('count 200 approvals at one moment as one of each key, and apply once', async () => {
    const ledger = `${server.dataDir}/parallel`;
    const deployment = await create({ required: 2 }, { 'main.tf': counted(ledger) });
    const run = await start(deployment, 'alice');
    await deployment.reach(run.id, 'awaiting_approval');
    const alone = await Promise.all(Array.from({ length: 200 }, () => approve(deployment, run.id, 'bob')));
    expect(alone.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(alone.filter(({ status }) => status === 409)).toHaveLength(199);
    expect((await deployment.get(run.id)).status).toBe('awaiting_approval');
    const both = await Promise.all(
      Array.from({ length: 200 }, (_, place) => approve(deployment, run.id, place % 2 === 0 ? 'alice' : 'carol')),
    );
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(both.filter(({ status }) => status === 409)).toHaveLength(199);
    const ended = await deployment.reach(run.id, 'success');
    expect(ended.approvals).toHaveLength(2);
    expect(readFileSync(ledger, 'utf8')).toBe('applied\n');
  });

  it('are changed by admins alone, and count for plans that are made after it', async () => {
    const deployment = await create({ required: 2 });
    const patch = (who: string, body: unknown): Promise<TestResponse> =>
      server.request('PATCH', deployment.path, body, keys[who]);
    const refused = await patch('bob', { approval: { required: 0 } });
    expect(refused.status).toBe(403);
    expect(refused.body.detail).toBe('Changing "approval" needs a key with admin permission; yours has write.');
    expect((await patch('bob', { approval: null })).status).toBe(403);
    // The whole deployment sent back with another description changes nothing of it.
    expect((await patch('bob', { description: 'x', approval: { required: 2 } })).status).toBe(200);

    const waiting = await start(deployment, 'alice');
    await deployment.reach(waiting.id, 'awaiting_approval');
    expect((await patch('root', { approval: { not_by_requester: true } })).body.approval).toEqual({
      required: 1,
      not_by_requester: true,
      rules: [],
    });
    expect((await approve(deployment, waiting.id, 'alice')).body).toMatchObject({
      status: 'awaiting_approval',
      approvals_required: 2,
    });
    await deployment.act(waiting.id, 'cancel', {});
    const { body: audit } = await server.request('GET', '/api/audit?action=deployment.update&limit=1');
    expect(audit[0].details.approval).toEqual({
      from: { required: 2, not_by_requester: false, rules: [] },
      to: { required: 1, not_by_requester: true, rules: [] },
    });
    expect((await patch('root', { approval: null })).body.approval).toEqual({
      required: 1,
      not_by_requester: false,
      rules: [],
    });
  });

  it('are those of the end of the plan, also when they were made stricter while it was planned', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': resources('one') });
    const onState = (method: string): Promise<Response> =>
      fetch(`${server.url}/v1/state/${deployment.id}`, {
        method,
        headers: { authorization: `Basic ${Buffer.from(`x:${ADMIN_KEY}`).toString('base64')}` },
        body: JSON.stringify({ ID: 'by-hand', Operation: 'OperationTypeApply', Who: 'somebody' }),
      });
    expect((await onState('LOCK')).status).toBe(200);
    const run = await start(deployment, 'alice', { auto_approve: true });
    await eventually('the wait for the lock', async () => {
      const { status, waiting_for } = await deployment.get(run.id);
      return status === 'planning' && waiting_for?.reason === 'state_locked';
    });
    await server.request('PATCH', deployment.path, { approval: { required: 2 } }, keys.root);
    expect((await onState('UNLOCK')).status).toBe(200);
    expect(await deployment.reach(run.id, 'awaiting_approval')).toMatchObject({ approvals_required: 2 });
  });

  it('see a resource where it was before a move, too', async () => {
    const approval = {
      required: 2,
      rules: [
        { name: 'playground', required: 0, when: { only_addresses: ['*.scratch*'] } },
        { name: 'production', required: 3, when: { any_address: ['*.prod*'] } },
      ],
    };
    const deployment = await create(approval, { 'main.tf': resources('scratch') });
    expect(await deployment.reach((await start(deployment, 'alice')).id, 'success')).toMatchObject({
      approved_by: 'approval-policy',
    });
    await deployment.repository.commit({ 'main.tf': resources('scratch', 'prod') });
    const run = await start(deployment, 'alice');
    await deployment.reach(run.id, 'awaiting_approval');
    for (const who of ['alice', 'bob', 'carol']) expect((await approve(deployment, run.id, who)).status).toBe(200);
    await deployment.reach(run.id, 'success');
    // It would be destroyed under its new name.
    const moved = 'moved {\n  from = terraform_data.prod\n  to   = terraform_data.scratch2\n}\n';
    await deployment.repository.commit({ 'main.tf': resources('scratch') + moved });
    const evading = await start(deployment, 'alice');
    expect(await deployment.reach(evading.id, 'awaiting_approval')).toMatchObject({
      approvals_required: 3,
      approval_reason:
        '3 approvals are needed: rule "production" (the plan changes terraform_data.prod, now terraform_data.scratch2).',
    });
    await deployment.act(evading.id, 'cancel', {});
  });

  it('show no secret that is the key of an instance', async () => {
    const configuration = `variable "who" { type = string }
      resource "terraform_data" "each" { for_each = toset([var.who]) }`;
    const approval = { rules: [{ name: 'all', required: 2, when: { any_address: ['*'] } }] };
    const deployment = await create(approval, { 'main.tf': configuration });
    const secret = 'canary-of-an-address';
    const run = await start(deployment, 'alice', { sensitive_env_vars: { TF_VAR_who: secret } });
    const planned = await deployment.reach(run.id, 'awaiting_approval');
    expect(planned.approval_reason).toBe(
      'Two approvals are needed: rule "all" (the plan changes terraform_data.each["***"]).',
    );
    expect(planned.plan_summary.resources[0].address).toBe('terraform_data.each["***"]');
    const stream = await deployment.stream(run.id);
    await deployment.act(run.id, 'cancel', {});
    await stream.ended;
    expect(stream.text()).not.toContain(secret);
    for (const file of readdirSync(server.dataDir).filter((name) => name.startsWith('plomada.db'))) {
      expect(readFileSync(join(server.dataDir, file)).includes(secret)).toBe(false);
    }
  });

  it('are approved for the environment that the plan was made in', async () => {
    const put = async (deployment: DeploymentDriver, value: string): Promise<void> => {
      const variables = [{ key: 'ACCOUNT', value, category: 'env', sensitive: true }];
      expect((await server.request('PUT', `${deployment.path}/variables`, variables, keys.alice)).status).toBe(200);
    };
    const four = await create({ required: 2 });
    await put(four, 'staging-account');
    const run = await start(four, 'alice');
    await four.reach(run.id, 'awaiting_approval');
    expect((await approve(four, run.id, 'bob')).status).toBe(200);
    await put(four, 'production-account');
    expect((await approve(four, run.id, 'carol')).status).toBe(200);
    const ended = await four.reach(run.id, 'failed');
    expect(ended.error_message).toBe(
      'Variables of the environment were changed since the plan: ACCOUNT. That is not what was approved (inputs_changed). Start a new run.',
    );
    expect((await server.request('GET', `${four.path}/state/versions`)).body).toEqual([]);

    // Where anybody may approve, credentials may be new; the log tells.
    const one = await create(null);
    await put(one, 'token-of-the-morning');
    const other = await start(one, 'alice');
    await one.reach(other.id, 'awaiting_approval');
    await put(one, 'token-of-the-evening');
    await approve(one, other.id, 'alice');
    expect((await one.reach(other.id, 'success')).apply_log).toContain(
      'Variables of the environment were changed since the plan: ACCOUNT.',
    );
  });

  it('have what nobody was asked about in the audit trail, too', async () => {
    const deployment = await create({ rules: [{ name: 'new things', required: 0, when: { only_creates: true } }] });
    const run = await deployment.reach((await start(deployment, 'alice')).id, 'success');
    const { body } = await server.request('GET', '/api/audit?action=run.approve&limit=1');
    expect(body[0]).toMatchObject({
      actor: 'approval-policy',
      target_id: run.id,
      details: {
        plan_sha256: run.plan_sha256,
        commit_sha: run.commit_sha,
        reason: 'No approval is needed: rule "new things" (the plan only creates).',
      },
    });
    // Outputs alone are nothing that is created.
    await deployment.repository.commit({ 'main.tf': `${resources('one')}output "x" { value = 1 }\n` });
    const outputs = await start(deployment, 'alice');
    expect(await deployment.reach(outputs.id, 'awaiting_approval')).toMatchObject({
      approvals_required: 1,
      approval_reason: 'One approval is needed: the deployment says so.',
    });
    await deployment.act(outputs.id, 'cancel', {});
  });

  it('do not count what a key has approved that was deleted since', async () => {
    const stolen = (
      await server.request('POST', '/api/namespaces/default/api-keys', { name: 'stolen', permissions: 'write' })
    ).body;
    keys.stolen = stolen.key;
    const deployment = await create({ required: 2 });
    const run = await start(deployment, 'alice');
    await deployment.reach(run.id, 'awaiting_approval');
    expect((await approve(deployment, run.id, 'stolen')).status).toBe(200);
    expect((await server.request('DELETE', `/api/namespaces/default/api-keys/${stolen.id}`)).status).toBe(204);
    expect((await approve(deployment, run.id, 'bob')).body).toMatchObject({
      status: 'awaiting_approval',
      approvals: [expect.objectContaining({ by: expect.stringMatching(/^bob/) })],
    });
    expect((await approve(deployment, run.id, 'carol')).body.status).toBe('applying');
    await deployment.reach(run.id, 'success');
  });

  it('bind who would delete the deployment and make it anew', async () => {
    const deployment = await create({ required: 2 });
    const remove = (who: string): Promise<TestResponse> =>
      server.request('DELETE', `${deployment.path}?force=true`, undefined, keys[who]);
    const refused = await remove('bob');
    expect(refused.status).toBe(403);
    expect(refused.body.detail).toMatch(/admin/);
    expect((await remove('root')).status).toBe(204);
  });

  it.each([
    ['approval.required', { required: -1 }],
    ['approval.required', { required: 11 }],
    ['approval.required', { required: 1.5 }],
    ['approval.required', { required: null }],
    ['approval.not_by_requester', { not_by_requester: 'yes' }],
    ['approval.rules', { rules: {} }],
    ['approval.rules.0.when', { rules: [{ name: 'r', required: 1, when: {} }] }],
    ['approval.rules.0.when', { rules: [{ name: 'r', required: 1 }] }],
    ['approval.rules.0.when', { rules: [{ name: 'r', required: 1, when: null }] }],
    ['approval.rules.0', { rules: [null] }],
    ['approval', 2],
    ['approval', [{ required: 1 }]],
    ['approval.rules.0.name', { rules: [{ required: 1, when: { destroys: true } }] }],
    ['approval.rules.0.required', { rules: [{ name: 'r', required: 99, when: { destroys: true } }] }],
    ['approval.rules.0.when.any_address', { rules: [{ name: 'r', required: 1, when: { any_address: [] } }] }],
    ['approval.rules.0.when.any_address', { rules: [{ name: 'r', required: 1, when: { any_address: [''] } }] }],
    ['approval.rules.0.when.operations', { rules: [{ name: 'r', required: 1, when: { operations: ['init'] } }] }],
    ['approval.rules.0.when.destroy', { rules: [{ name: 'r', required: 1, when: { destroy: true } }] }],
    ['approval.rules.0.when', { rules: [{ name: 'r', required: 1, when: { only_creates: true, destroys: true } }] }],
    ['approval.rules.0.when', { rules: [{ name: 'r', required: 1, when: { max_changes: 1, min_changes: 2 } }] }],
    [
      'approval.rules.1.name',
      {
        rules: [
          { name: 'r', required: 1, when: { destroys: true } },
          { name: 'r', required: 2, when: { destroys: false } },
        ],
      },
    ],
    ['approval.rules.0.when.operations', { rules: [{ name: 'r', required: 1, when: { operations: ['plan'] } }] }],
    ['approval.rules.0.name', { rules: [{ name: 'a\u202eb', required: 1, when: { destroys: true } }] }],
    ['approval.rules.0.name', { rules: [{ name: ' ', required: 1, when: { destroys: true } }] }],
    ['approval.rules', { rules: [{ name: 'r', required: 1, when: { any_address: ['*a'.repeat(9)] } }] }],
    [
      'approval.rules',
      {
        rules: ['a', 'b'].map((name) => ({
          name,
          required: 1,
          when: { any_address: Array.from({ length: 51 }, (_, place) => `x${place}`) },
        })),
      },
    ],
    ['approval.two', { two: 2 }],
  ])('refuse %s in %j', async (field, approval) => {
    const answer = await server.request('POST', '/api/deployments', {
      namespace_id: 'default',
      name: 'never',
      git_url: 'https://git.example.com/x.git',
      approval,
    });
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });
});
