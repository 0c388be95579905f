import { DeploymentDriver } from '../../support/run-driver';
import { ADMIN_KEY, startTestServer, TestServer } from '../../support/test-server';

const HELLO = `
variable "greeting" { default = "hello" }
resource "terraform_data" "one" { input = var.greeting }
resource "terraform_data" "two" {
  input = terraform_data.one.output
  provisioner "local-exec" { command = "for i in 1 2 3 4 5; do echo numbered line $i; sleep 0.1; done" }
}
output "greeting" { value = terraform_data.one.output }
`;
/** State that stays between runs: these configurations bring a backend of their own. */
const keepingState = (file: string): string => `terraform {\n  backend "local" { path = "${file}" }\n}\n`;

describe('the life of a run', () => {
  let server: TestServer;
  let stateNumber = 0;
  const stateFile = (): string => `${server.dataDir}/state-${++stateNumber}.tfstate`;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('goes from pending over the approval to success, and every reader sees the same', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const started = await deployment.start({ env_vars: { TF_VAR_greeting: 'bonjour' } });
    expect(started).toMatchObject({ status: 'pending', operation: 'apply', path: '.', commit_sha: null });
    const early = await deployment.stream(started.id);
    const waiting = await deployment.reach(started.id, 'awaiting_approval');
    expect(waiting.plan_summary).toMatchObject({ add: 2, change: 0, destroy: 0, replace: 0, has_changes: true });
    expect(waiting.plan_summary.resources).toContainEqual({
      address: 'terraform_data.one',
      type: 'terraform_data',
      actions: ['create'],
    });
    expect(waiting.commit_sha).toBe(await deployment.repository.sha('main'));
    expect(waiting.plan_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(waiting.tool_version).toMatch(/^\d+\.\d+\.\d+/);

    const approved = await deployment.act(started.id, 'approve', {
      approved: true,
      plan_sha256: waiting.plan_sha256,
      comment: 'looks right',
    });
    expect(approved.status).toBe(200);
    expect(approved.body.status).toBe('applying');
    expect(approved.body.approved_by).toContain('admin');
    const middle = await deployment.stream(started.id, early.events().at(-1)?.id);
    const done = await deployment.reach(started.id, 'success');
    expect(done).toMatchObject({ exit_code: 0, error_message: null, cancelled_by: null });
    expect(done.apply_log).toContain('bonjour');

    await early.ended;
    await middle.ended;
    const late = await deployment.stream(started.id);
    await late.ended;
    expect(late.text()).toBe(early.text());
    expect(early.text().endsWith(middle.text())).toBe(true);
    const events = early.events();
    expect(events.filter(({ event }) => event === 'status').map(({ data }) => data.status)).toEqual([
      'pending',
      'initializing',
      'planning',
      'awaiting_approval',
      'applying',
      'success',
    ]);
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { status: 'success' } });
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_event, index) => index + 1));
    for (const phase of ['clone', 'init', 'plan', 'apply']) {
      const pieces = events.filter(({ event, data }) => event === 'log' && data.phase === phase);
      const text = pieces.map(({ data }) => data.text).join('');
      expect(text).toBe(await deployment.log(started.id, phase));
      expect(text.length).toBeGreaterThan(0);
      let offset = 0;
      for (const { data } of pieces) {
        expect(data.offset).toBe(offset);
        offset += Buffer.byteLength(data.text);
      }
    }
    expect(events.every(({ data }) => data.plan_log === undefined)).toBe(true);

    const nothingLeft = await deployment.stream(started.id, events.at(-1)!.id);
    expect(nothingLeft.status).toBe(204);
    const lastOnly = await deployment.stream(started.id, events.at(-2)!.id);
    await lastOnly.ended;
    expect(lastOnly.events()).toEqual([events.at(-1)]);
  });

  it('keeps colours, strips them on demand, and serves ranges', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const run = await deployment.apply();
    const log = await deployment.log(run.id, 'apply');
    expect(log).toContain('\u001b[');
    const plain = await deployment.log(run.id, 'apply', '?color=false');
    expect(plain).not.toContain('\u001b');
    expect(plain).toContain('Apply complete! Resources: 2 added, 0 changed, 0 destroyed.');
    for (let line = 1; line <= 5; line++) expect(plain.split(`numbered line ${line}\n`)).toHaveLength(2);

    const url = `${server.url}${deployment.path}/runs/${run.id}/logs/apply`;
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, range: 'bytes=10-29' };
    const part = await fetch(url, { headers });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 10-29/${Buffer.byteLength(log)}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(Buffer.from(log).subarray(10, 30));
    expect((await fetch(url, { headers: { ...headers, range: 'bytes=99999999-' } })).status).toBe(416);
    expect((await server.request('GET', `${deployment.path}/runs/${run.id}/logs/nonsense`)).status).toBe(404);
    expect(part.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(part.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('ends without approval when there is nothing to change, and never applies a plan-only run', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': keepingState(stateFile()) + HELLO });
    const planned = await deployment.reach((await deployment.start({ operation: 'plan' })).id, 'success');
    expect(planned.plan_summary).toMatchObject({ add: 2, has_changes: true });
    expect(planned.apply_log).toBe('');
    await deployment.apply();
    const again = await deployment.reach((await deployment.start()).id, 'success');
    expect(again.plan_summary).toMatchObject({ add: 0, change: 0, destroy: 0, has_changes: false, resources: [] });
    expect(again.approved_by).toBeNull();
    const executions = await server.request('GET', `${deployment.path}/runs/${again.id}/executions`);
    expect(executions.body.map(({ command }: { command: string }) => command)).toEqual(['init', 'plan', 'show']);
  });

  it('replaces, targets, reads variable files, destroys and refreshes', async () => {
    const deployment = await DeploymentDriver.create(server, {
      'envs/prod/main.tf': keepingState(stateFile()) + HELLO,
      'envs/prod/prod.tfvars': 'greeting = "from prod"\n',
      'shared/more.tfvars': 'greeting = "from shared"\n',
    }, { working_directory: 'envs/prod/' }); // prettier-ignore
    const targeted = await deployment.reach(
      (await deployment.start({ targets: ['terraform_data.one'], operation: 'plan' })).id,
      'success',
    );
    expect(targeted.plan_summary).toMatchObject({ add: 1 });
    expect(targeted.path).toBe('envs/prod');

    const files = await server.request('GET', `${deployment.path}/tfvars`);
    expect(files.body).toEqual({ tfvars_files: ['prod.tfvars'] });
    const applied = await deployment.apply({ tfvars_files: ['prod.tfvars', '../../shared/more.tfvars'] });
    expect(applied.apply_log).toContain('from shared');

    const replaced = await deployment.start({
      replace: ['terraform_data.two'],
      tfvars_files: ['../../shared/more.tfvars'],
    });
    const waiting = await deployment.reach(replaced.id, 'awaiting_approval');
    expect(waiting.plan_summary).toMatchObject({ add: 1, destroy: 1, replace: 1, change: 0 });
    const rejected = await deployment.act(replaced.id, 'approve', { approved: false, comment: 'not today' });
    expect(rejected.body).toMatchObject({ status: 'cancelled' });
    expect(rejected.body.error_message).toContain('not today');
    expect(rejected.body.cancelled_by).toContain('admin');

    const refreshed = await deployment.reach((await deployment.start({ operation: 'refresh' })).id, 'success');
    expect(refreshed.plan_summary.has_changes).toBe(false);
    const destroyed = await deployment.start({ operation: 'destroy' });
    expect((await deployment.reach(destroyed.id, 'awaiting_approval')).plan_summary).toMatchObject({
      destroy: 2,
      add: 0,
    });
    await deployment.act(destroyed.id, 'approve', { approved: true });
    expect((await deployment.reach(destroyed.id, 'success')).apply_log).toContain('2 destroyed');
  });

  it('applies the plan that was approved, or nothing', async () => {
    const { appendFileSync, existsSync, rmSync } = await import('node:fs');
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const first = await deployment.reach((await deployment.start()).id, 'awaiting_approval');
    const differs = await deployment.act(first.id, 'approve', { approved: true, plan_sha256: 'a'.repeat(64) });
    expect(differs.status).toBe(409);
    const plan = `${server.dataDir}/work/${first.id}/plan/run.tfplan`;
    appendFileSync(plan, 'x');
    await deployment.act(first.id, 'approve', { approved: true });
    const refused = await deployment.reach(first.id, 'failed');
    expect(refused.error_message).toContain('not the one that was approved');
    expect(refused.apply_log).not.toContain('Apply complete');
    expect(existsSync(plan)).toBe(false);

    const second = await deployment.reach((await deployment.start()).id, 'awaiting_approval');
    rmSync(`${server.dataDir}/work/${second.id}`, { recursive: true });
    await deployment.act(second.id, 'approve', { approved: true });
    expect((await deployment.reach(second.id, 'failed')).error_message).toContain('plan_lost');
  });

  it('uses the commit that the ref named when the run began', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO });
    const old = await deployment.repository.sha('main');
    const run = await deployment.reach((await deployment.start({ ref: 'main' })).id, 'awaiting_approval');
    await deployment.repository.commit({ 'main.tf': 'resource "terraform_data" "other" {}\n' });
    await deployment.act(run.id, 'approve', { approved: true });
    const done = await deployment.reach(run.id, 'success');
    expect(done.commit_sha).toBe(old);
    expect(done.apply_log).toContain('2 added');
    const byCommit = await deployment.reach((await deployment.start({ ref: old, operation: 'plan' })).id, 'success');
    expect(byCommit.commit_sha).toBe(old);
    await deployment.repository.tag('v1', { annotated: true });
    const byTag = await deployment.reach((await deployment.start({ ref: 'v1', operation: 'plan' })).id, 'success');
    expect(byTag.plan_summary.add).toBe(1);
  });

  it('shows deployment status and runs across deployments', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': HELLO, 'README.md': '# Hello\n' });
    expect((await server.request('GET', `${deployment.path}/status`)).body).toEqual({
      path: '.',
      status: 'none',
      last_run: null,
    });
    const run = await deployment.apply();
    const status = await server.request('GET', `${deployment.path}/status?path=.`);
    expect(status.body).toMatchObject({ status: 'success', last_run: { id: run.id } });
    expect(status.body.last_run.plan_log).toBeUndefined();
    const all = await server.request('GET', '/api/runs?namespace=default&status=success');
    expect(all.body[0].id).toBe(run.id);
    expect(all.body[0].plan_log).toBeUndefined();
    const found = await server.request('GET', '/api/deployments?status=success&limit=1');
    expect(found.body[0]).toMatchObject({ id: deployment.id, last_run: { id: run.id } });
    expect((await server.request('GET', `${deployment.path}/browse`)).body).toMatchObject({
      readme: '# Hello\n',
      has_iac: true,
      path: '.',
    });
    expect((await server.request('DELETE', `${deployment.path}/runs/${run.id}`)).status).toBe(204);
    expect((await server.request('GET', `${deployment.path}/runs/${run.id}`)).status).toBe(404);
    const refused = await server.request('DELETE', deployment.path);
    expect([refused.status, refused.body.type]).toEqual([409, '/problems/state-in-use']);
    expect((await server.request('DELETE', `${deployment.path}?force=true`)).status).toBe(204);
  });
});
