import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../../support/eventually';
import { createRepository, serveRepository } from '../../support/git-fixture';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, TestServer } from '../../support/test-server';

const CANARY = 'Canary"with\\odd chars+/=ñ';
const CANARY_LINES = '-----BEGIN THING-----\nSecondCanaryLine0123456789\n-----END THING-----';
const GIT_PASSWORD = 'GitCanary-7f3c91';

const PRINTING = `
variable "secret" {
  sensitive = true
}
variable "open" {}
resource "terraform_data" "one" {
  input = var.open
  provisioner "local-exec" {
    command = "printf '%s' \\"$CANARY_VAR\\" | head -c 5; sleep 0.03; printf '%s\\n' \\"$CANARY_VAR\\" | tail -c +6; echo \\"$CANARY_LINES\\"; printf '%s' \\"$CANARY_VAR\\" | base64 -w0; echo"
  }
}
output "hidden" {
  value     = var.secret
  sensitive = true
}
output "shown" { value = terraform_data.one.output }
`;

/** Every file below, with its bytes; what is gzipped, unpacked too. */
function* filesBelow(directory: string): Generator<{ path: string; bytes: Buffer }> {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    yield { path, bytes: readFileSync(path) };
  }
}

describe('secrets', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const forms = (secret: string): string[] => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    ...secret.split('\n').filter((line) => line.includes('SecondCanary')),
  ];

  it('of a run are masked or encrypted wherever they could come up', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': PRINTING });
    const sensitive = { TF_VAR_secret: CANARY, TF_VAR_open: CANARY, CANARY_VAR: CANARY, CANARY_LINES };
    const started = await deployment.start({ sensitive_env_vars: sensitive });
    expect(started.env_vars).toEqual({ TF_VAR_secret: null, TF_VAR_open: null, CANARY_VAR: null, CANARY_LINES: null });
    const stream = await deployment.stream(started.id);
    await deployment.reach(started.id, 'awaiting_approval');
    await deployment.act(started.id, 'approve', { approved: true });
    const done = await deployment.reach(started.id, 'success');
    expect(done.apply_log).toContain('***');
    await stream.ended;
    const executions = await server.request('GET', `${deployment.path}/runs/${started.id}/executions`);
    expect(executions.body[0].env_names).toContain('CANARY_VAR');
    const answers = [
      JSON.stringify(started),
      JSON.stringify(done),
      stream.text(),
      executions.text,
      (await server.request('GET', `${deployment.path}/runs/${started.id}/plan`)).text,
      (await server.request('GET', '/api/audit')).text,
      (await server.request('GET', '/metrics')).text,
      ...(await Promise.all(['clone', 'init', 'plan', 'apply'].map((phase) => deployment.log(started.id, phase)))),
    ];
    const all = answers.join('\n');
    for (const form of [...forms(CANARY), ...forms(CANARY_LINES)]) {
      expect(all).not.toContain(form);
      expect(all).not.toContain(JSON.stringify(form).slice(1, -1));
    }
    // Nor is it on the disk: the state, which holds it, is the platform's, and encrypted.
    await eventually(
      'the plan is removed',
      () => !existsSync(join(server.dataDir, 'work', started.id, 'plan/run.tfplan')),
    );
    const holders = [...filesBelow(server.dataDir)]
      .filter(({ bytes }) => [...forms(CANARY), ...forms(CANARY_LINES)].some((form) => bytes.includes(form)))
      .map(({ path }) => path.replace(/^.*\/checkout\//, 'checkout/'));
    expect(holders).toEqual([]);
    for (const { bytes } of filesBelow(server.dataDir)) {
      if (bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) {
        expect(gunzipSync(bytes).includes('SecondCanaryLine')).toBe(false);
      }
    }
  });

  it('of a repository are never in a URL, an argument, an error, a log or the checkout', async () => {
    const repository = await createRepository({ files: { 'main.tf': 'resource "terraform_data" "one" {}\n' } });
    const git = await serveRepository(repository, { username: 'ana', password: GIT_PASSWORD });
    try {
      const fields = { git_url: git.url, git_username: 'ana', git_password: GIT_PASSWORD };
      const deployment = await DeploymentDriver.create(server, {}, fields);
      expect((await server.request('GET', deployment.path)).text).not.toContain(GIT_PASSWORD);
      const run = await deployment.start();
      const seen = new Set<string>();
      await eventually('the run', async () => {
        seen.add(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }));
        return ['awaiting_approval', 'failed'].includes((await deployment.get(run.id)).status);
      });
      await deployment.reach(run.id, 'awaiting_approval');
      expect([...seen].join('\n')).not.toContain(GIT_PASSWORD);
      expect((await server.request('GET', `${deployment.path}/browse`)).status).toBe(200);

      await server.request('PATCH', deployment.path, { git_password: `${GIT_PASSWORD}-wrong` });
      await deployment.act(run.id, 'cancel', {});
      const failed = await deployment.reach((await deployment.start()).id, 'failed');
      expect(failed.error_message).toMatch(/authentication/i);
      expect(failed.error_message + (await deployment.log(failed.id, 'clone'))).not.toContain(GIT_PASSWORD);
      const holders = [...filesBelow(server.dataDir)].filter(({ bytes }) => bytes.includes(GIT_PASSWORD));
      expect(holders.map(({ path }) => path)).toEqual([]);
    } finally {
      await git.close();
      await repository.remove();
    }
  });

  it('of the server are not in the environment of what a run starts', async () => {
    process.env.PLOMADA_TEST_CANARY = 'server-environment-canary';
    try {
      const deployment = await DeploymentDriver.create(server, {
        'main.tf': 'resource "terraform_data" "one" {\n  provisioner "local-exec" { command = "env" }\n}\n',
      });
      const run = await deployment.apply({ env_vars: { GIVEN: 'yes' } });
      expect(run.apply_log).toContain('GIVEN=yes');
      expect(run.apply_log).not.toContain('server-environment-canary');
      expect(run.apply_log).not.toMatch(/ENCRYPTION_KEY|ADMIN_API_KEY/);
      // The platform's own, for its registry; not that of whoever started the server.
      expect(run.apply_log).toContain(`TF_CLI_CONFIG_FILE=${server.dataDir}/work/${run.id}/cli.tfrc`);
      expect(run.apply_log).toContain('TF_IN_AUTOMATION=');
    } finally {
      delete process.env.PLOMADA_TEST_CANARY;
    }
  });
});
