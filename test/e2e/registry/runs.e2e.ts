import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { createRepository } from '../../support/git-fixture';
import { buildNodeProviderZip, THIS_PLATFORM } from '../../support/node-provider/node-provider-zip';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, type TestResponse, type TestServer } from '../../support/test-server';
import { uploadForm } from '../../support/upload';

const MODULE = `
variable "label" { type = string }
resource "terraform_data" "inside" { input = "module says \${var.label}" }
output "said" { value = terraform_data.inside.output }
`;

/** A configuration that needs both halves of the registry at \`host\`. */
const configuration = (host: string, namespace: string): string => `
terraform {
  required_providers {
    tally = { source = "${host}/${namespace}/tally", version = "1.0.0" }
  }
}
module "hello" {
  source  = "${host}/${namespace}/hello/aws"
  version = "1.0.0"
  label   = tally_thing.one.label
}
resource "tally_thing" "one" { label = "from the registry" }
output "said" { value = module.hello.said }
output "made_by" { value = tally_thing.one.made_by }
`;

describe('a run that uses this registry', () => {
  let server: TestServer;
  let host: string;
  const directory = mkdtempSync(join(tmpdir(), 'plomada-registry-runs-'));

  const ask = async (method: string, path: string, body?: unknown): Promise<TestResponse['body']> => {
    const answer = await server.request(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.body;
  };

  beforeAll(async () => {
    server = await startTestServer();
    host = new URL(server.url).host;
    for (const name of ['team', 'other']) await ask('POST', '/api/namespaces', { name });
    const repository = await createRepository({ files: { 'main.tf': MODULE }, tags: ['v1.0.0'] });
    for (const namespace of ['team', 'other']) {
      const module = await ask('POST', '/api/modules', {
        namespace_id: namespace,
        name: 'hello',
        provider: 'aws',
        git_url: repository.url,
      });
      await ask('POST', `/api/modules/${module.id}/sync-tags`);
    }
    const provider = await ask('POST', '/api/providers', { namespace_id: 'team', name: 'tally' });
    const path = `/api/providers/${provider.id}/versions`;
    const version = await ask('POST', path, { version: '1.0.0', protocols: ['6.0'] });
    const zip = await buildNodeProviderZip({ name: 'tally', version: '1.0.0', ...THIS_PLATFORM, directory });
    const uploaded = await uploadForm(
      `${server.url}${path}/${version.id}/platforms/upload`,
      { file: zip.path },
      THIS_PLATFORM,
    );
    expect(uploaded.status).toBe(201);
    await ask('POST', `${path}/${version.id}/publish`);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('installs a private module and a private provider without anybody setting a token, and applies them', async () => {
    const deployment = await DeploymentDriver.create(
      server,
      { 'main.tf': configuration(host, 'team') },
      { namespace_id: 'team' },
    );
    const run = await deployment.start();
    const waiting = await deployment.reach(run.id, 'awaiting_approval');
    expect(waiting.init_log).toContain('Installed');
    await deployment.act(run.id, 'approve', { approved: true });
    const done = await deployment.reach(run.id, 'success');
    const log = await deployment.log(run.id, 'apply', '?color=false');
    expect(log).toContain('said = "module says from the registry"');
    expect(log).toContain('made_by = "tally 1.0.0"');
    // The token is in no log, and its file goes with the run.
    const all = `${done.init_log}${done.plan_log}${done.apply_log}`;
    expect(all).not.toContain('plr_');
    expect(readdirSync(join(server.dataDir, 'work', run.id))).not.toContain('cli.tfrc');
  });

  it('cannot read what belongs to another namespace', async () => {
    const files = { 'main.tf': `module "hello" {\n  source = "${host}/other/hello/aws"\n  label = "x"\n}\n` };
    const deployment = await DeploymentDriver.create(server, files, { namespace_id: 'team' });
    const run = await deployment.start();
    await expect(deployment.reach(run.id, 'awaiting_approval')).rejects.toThrow(/Module not found|not found/);
  });

  it('gives its configuration a token that dies with the run, and opens nothing of the API', async () => {
    const deployment = await DeploymentDriver.create(
      server,
      { 'main.tf': configuration(host, 'team') },
      {
        namespace_id: 'team',
      },
    );
    const run = await deployment.start();
    const file = join(server.dataDir, 'work', run.id, 'cli.tfrc');
    const token = await eventually(
      'the CLI configuration of the run',
      () => existsSync(file) && /token = "(plr_[^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1],
    );
    const versions = (): Promise<TestResponse> =>
      server.request('GET', '/v1/modules/team/hello/aws/versions', undefined, token);
    expect((await versions()).status).toBe(200);
    expect((await server.request('GET', '/v1/modules/other/hello/aws/versions', undefined, token)).status).toBe(404);
    expect((await server.request('GET', '/api/modules', undefined, token)).status).toBe(401);
    expect((await server.request('GET', '/api/whoami', undefined, token)).status).toBe(401);
    await deployment.reach(run.id, 'awaiting_approval');
    // A run that waits for a person does nothing, so its token opens nothing.
    expect((await versions()).status).toBe(401);
    await deployment.act(run.id, 'approve', { approved: false });
    expect((await versions()).status).toBe(401);
    const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    expect((await server.request('GET', '/v1/modules/team/hello/aws/versions', undefined, forged)).status).toBe(401);
  });

  it('may not be given a token of somebody else for this host', async () => {
    const named = await startTestServer({ PUBLIC_URL: 'https://plomada.example.com' });
    try {
      const deployment = await DeploymentDriver.create(named, { 'main.tf': '' });
      const answer = await named.request('POST', `${deployment.path}/runs`, {
        env_vars: { TF_TOKEN_plomada_example_com: 'x' },
      });
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('TF_TOKEN_plomada_example_com');
    } finally {
      await named.stop();
    }
  });
});
