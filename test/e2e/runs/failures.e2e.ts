import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { processesOf } from '../../support/processes';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, TestServer } from '../../support/test-server';

const sleeping = (seconds: number, command = 'echo asleep;'): string => `
resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  input = terraform_data.first.id
  provisioner "local-exec" { command = "${command} sleep ${seconds}" }
}
`;

describe('runs that do not succeed', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ CANCEL_GRACE_SECONDS: '2' });
  });
  afterAll(() => server.stop());

  const nothingIsLeft = (runId: string): Promise<unknown> =>
    eventually(
      'no process of the run',
      () => processesOf(runId).length === 0,
      5_000,
      () => JSON.stringify(processesOf(runId)),
    );

  it.each([
    ['a ref that does not exist', { ref: 'no-such-branch' }, /no-such-branch/],
    ['a folder that does not exist', { path: 'no/such/folder' }, /no\/such\/folder/],
    ['a path that is a file', { path: 'main.tf' }, /main\.tf/],
    ['a link that leads out of the repository', { path: 'out' }, /out of the repository/],
    ['a variable file that does not exist', { tfvars_files: ['none.tfvars'] }, /none\.tfvars/],
    ['a tool that is not there', { tool: 'tofu' }, /tofu/],
    ['a version that is not there', { tool_version: '0.1.2' }, /0\.1\.2/],
  ])('%s: failed, and says so', async (_what, fields, message) => {
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': 'resource "terraform_data" "one" {}\n',
      out: { link: '/etc' },
    });
    const run = await deployment.reach((await deployment.start(fields)).id, 'failed');
    expect(run.error_message).toMatch(message);
    expect(run.error_message).not.toContain(server.dataDir);
    expect(run.completed_at).not.toBeNull();
    const stream = await deployment.stream(run.id);
    await stream.ended;
    const statuses = stream.events().flatMap(({ event, data }) => (event === 'status' ? [data.status] : []));
    expect(statuses.slice(0, 2)).toEqual(['pending', 'initializing']);
  });

  it('fails with the exit status and the log of a configuration that is wrong', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': 'variable "needed" {}\n' });
    const run = await deployment.reach((await deployment.start()).id, 'failed');
    expect(run).toMatchObject({ exit_code: 1, plan_summary: null });
    expect(run.plan_log).toContain('No value for required variable');
    expect(run.error_message).toBe('terraform plan failed with exit status 1; the log says why.');
  });

  it('removes a committed .terraform and says so', async () => {
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': 'resource "terraform_data" "one" {}\n',
      '.terraform/terraform.tfstate':
        '{"version":3,"backend":{"type":"http","config":{"address":"http://127.0.0.1:1"}}}',
    });
    const run = await deployment.reach((await deployment.start()).id, 'awaiting_approval');
    expect(run.init_log).toContain('Removed the .terraform folder');
  });

  it('stops a command that takes too long, and everything it started', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': sleeping(300) });
    const run = await deployment.reach((await deployment.start({ auto_approve: true, timeout: 0.05 })).id, 'failed');
    expect(run.error_message).toContain('timeout');
    expect(run.apply_log).toContain('asleep');
    await nothingIsLeft(run.id);
  });

  it.each([false, true])('cancels an apply (force: %s) and leaves no process', async (force) => {
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': sleeping(300, force ? "trap '' INT TERM; echo asleep;" : 'echo asleep;'),
    });
    const started = await deployment.start({ auto_approve: true });
    await eventually('the provisioner', async () => (await deployment.log(started.id, 'apply')).includes('asleep'));
    const answer = await deployment.act(started.id, 'cancel', { force });
    expect(answer.status).toBe(202);
    expect(answer.body.cancelled_by).toContain('admin');
    const run = await deployment.reach(started.id, 'cancelled');
    expect(run.error_message).toMatch(/^Cancelled by admin.* during apply/);
    await nothingIsLeft(run.id);
    expect((await deployment.act(started.id, 'cancel', {})).status).toBe(409);
    expect((await deployment.act(started.id, 'approve', { approved: true })).status).toBe(409);
    const stored = await deployment.log(started.id, 'apply');
    if (!force) expect(stored).toContain('Interrupt received');
  });

  it('kills after the grace period what ignores the interrupt', async () => {
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': sleeping(300, "trap '' INT TERM; echo asleep;"),
    });
    const started = await deployment.start({ auto_approve: true });
    await eventually('the provisioner', async () => (await deployment.log(started.id, 'apply')).includes('asleep'));
    await deployment.act(started.id, 'cancel', {});
    await deployment.reach(started.id, 'cancelled');
    await nothingIsLeft(started.id);
  });

  it('cancels a run that waits for approval at once', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': sleeping(0) });
    const started = await deployment.start();
    await deployment.reach(started.id, 'awaiting_approval');
    expect((await deployment.act(started.id, 'cancel', {})).body.status).toBe('cancelled');
    const plan = `${server.dataDir}/work/${started.id}/plan/run.tfplan`;
    await eventually('the plan is removed', () => !existsSync(plan));
    expect((await deployment.act(started.id, 'approve', { approved: true })).status).toBe(409);
  });

  it('notes a tool that is killed', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': sleeping(300) });
    const started = await deployment.start({ auto_approve: true });
    await eventually('the provisioner', async () => (await deployment.log(started.id, 'apply')).includes('asleep'));
    const tool = processesOf(started.id).find(({ commandLine }) => /^(\S*\/)?terraform apply/.test(commandLine));
    process.kill(tool!.pid, 'SIGKILL');
    const run = await deployment.reach(started.id, 'failed');
    expect(run.error_message).toContain('SIGKILL');
    expect(run.error_message).toContain('may be missing from the state');
    expect(run.exit_code).toBe(137);
    await nothingIsLeft(run.id);
  });
});

describe('a runner that lies', () => {
  const runnerThat = (script: string): string => {
    const file = join(mkdtempSync(join(tmpdir(), 'plomada-liar-')), 'runner');
    writeFileSync(file, `#!/bin/sh\ncat > /dev/null\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const answer = (fields: string): string =>
    `{"success":true,"output":"x","exit_code":0,"started_at":"2026-01-01T00:00:00Z","ended_at":"2026-01-01T00:00:01Z"${fields}}`;

  it.each([
    ['prints HTML', 'echo "<html>"', /runner_protocol_error/],
    ['prints nothing', 'true', /lost/],
    ['prints half an answer', `printf '%s' '{"success":tr'`, /runner_protocol_error/],
    ['says success and exits 3', `echo '${answer('')}'; exit 3`, /runner_protocol_error/],
    ['says failure and exits 0', `echo '${answer('').replace('true', 'false')}'`, /runner_protocol_error/],
    ['answers twice', `echo '${answer('')}'; echo '${answer('')}'`, /runner_protocol_error/],
    ['floods stderr', 'head -c 50000000 /dev/zero >&2; exit 1', /runner_protocol_error|lost/],
    ['says success and has done nothing', `echo '${answer('')}'`, /settled on no backend/],
  ])('%s: the run fails and says so', async (_what, script, message) => {
    const server = await startTestServer({ RUNNER_COMMAND: JSON.stringify([runnerThat(script)]) });
    try {
      const deployment = await DeploymentDriver.create(server, { 'main.tf': 'resource "terraform_data" "one" {}\n' });
      const run = await deployment.reach((await deployment.start()).id, 'failed');
      expect(run.error_message).toMatch(message);
    } finally {
      await server.stop();
    }
  });

  it('fails runs while the runner cannot be started, and readiness says so', async () => {
    const server = await startTestServer({ RUNNER_COMMAND: '/nonexistent/iac-runner' });
    try {
      const ready = await server.request('GET', '/health/ready');
      expect(ready.status).toBe(503);
      expect(ready.body.checks.runner).toContain('RUNNER_COMMAND');
      const deployment = await DeploymentDriver.create(server, { 'main.tf': '' });
      const run = await deployment.reach((await deployment.start()).id, 'failed');
      expect(run.error_message).toContain('RUNNER_COMMAND');
    } finally {
      await server.stop();
    }
  });
});
