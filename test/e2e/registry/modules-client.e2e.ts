import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tarGz, zip } from '../../support/archive-builders';
import { createCertificates } from '../../support/certificates';
import { createRepository } from '../../support/git-fixture';
import { asEntries, ModuleDriver, send } from '../../support/module-driver';
import { MovedClock } from '../../support/moved-clock';
import { describeWithEachTool, TerraformProject, type ToolResult } from '../../support/terraform-cli';
import { startTestServer, type TestServer } from '../../support/test-server';

/** A name that no machine has: clients are told where its services are. */
const HOST = 'reg.plomada.test';

/** A module that tells which version it is. */
const told = (version: string): Record<string, string> => ({
  'main.tf': `resource "terraform_data" "it" {\n  input = "${version}"\n}\noutput "version" {\n  value = terraform_data.it.output\n}\n`,
});
/** A configuration that uses a module and shows what it tells. */
const using = (source: string, version?: string): Record<string, string> => ({
  'main.tf': `module "it" {\n  source = "${source}"\n${version === undefined ? '' : `  version = "${version}"\n`}}\noutput "version" {\n  value = module.it.version\n}\n`,
});
const json = (body: unknown): { headers: Record<string, string>; body: string } => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
/** What a person reads: the tool breaks its lines wherever it likes. */
const prose = ({ output }: ToolResult): string => output.replace(/[│╷╵]/g, ' ').replace(/\s+/g, ' ');

interface Keys {
  reader: string;
  short: { key: string; id: string };
  stranger: string;
}
const newKey = async (server: TestServer, namespace: string, fields = {}): Promise<{ key: string; id: string }> =>
  (
    await send(
      server,
      'POST',
      `/api/namespaces/${namespace}/api-keys`,
      json({ name: 'key', permissions: 'read', ...fields }),
    )
  ).body;

describeWithEachTool('modules of this registry', (tool) => {
  let server: TestServer;
  let clock: MovedClock;
  let keys: Keys;
  const projects: TerraformProject[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    clock = new MovedClock(server);
    for (const [name, is_public] of [
      ['open', true],
      ['closed', false],
      ['other', false],
    ] as const) {
      expect((await send(server, 'POST', '/api/namespaces', json({ name, is_public }))).status).toBe(201);
    }
    keys = {
      reader: (await newKey(server, 'closed')).key,
      short: await newKey(server, 'closed', { expires_at: new Date(Date.now() + 3_600_000).toISOString() }),
      stranger: (await newKey(server, 'other')).key,
    };
    const secret = await ModuleDriver.create(server, { namespace_id: 'closed', name: 'secret' });
    await secret.publish('1.0.0', tarGz(asEntries(told('1.0.0'))));
  });
  afterAll(async () => {
    for (const project of projects) project.remove();
    await server.stop();
  });
  afterEach(() => clock.reset());

  const projectWith = (files: Record<string, string>, token?: string): TerraformProject => {
    const project = new TerraformProject({
      tool,
      files,
      cliConfig: {
        hosts: { [HOST]: { 'modules.v1': `${server.url}/v1/modules/` } },
        ...(token === undefined ? {} : { credentials: { [HOST]: token } }),
      },
    });
    projects.push(project);
    return project;
  };
  const published = async (name: string, versions: string[]): Promise<ModuleDriver> => {
    const module = await ModuleDriver.create(server, { namespace_id: 'open', name });
    for (const version of versions) await module.publish(version, tarGz(asEntries(told(version))));
    return module;
  };
  /** What is applied says which version it is. */
  const applied = async (project: TerraformProject): Promise<string> => {
    expect(await project.apply()).toMatchObject({ exitCode: 0 });
    return (await project.run(['output', '-raw', 'version'])).output.trim();
  };

  it('init, plan, apply, get -update: the newest version that fits', async () => {
    const module = await published('life', ['1.0.0', '1.1.0', '2.0.0-rc.1']);
    const project = projectWith(using(`${HOST}/open/life/test`, '~> 1.0'));
    expect(await project.init()).toMatchObject({ exitCode: 0 });
    const plan = await project.plan();
    expect({ code: plan.exitCode, text: prose(plan) }).toEqual({
      code: 0,
      text: expect.stringContaining('1 to add'),
    });
    expect(await applied(project)).toBe('1.1.0');
    await module.publish('1.2.0', tarGz(asEntries(told('1.2.0'))));
    expect(await project.run(['get'])).toMatchObject({ exitCode: 0 });
    expect(await applied(project)).toBe('1.1.0');
    expect(await project.run(['get', '-update'])).toMatchObject({ exitCode: 0 });
    expect(await applied(project)).toBe('1.2.0');
    expect((await module.version('1.2.0')).downloads).toBe(1);
  });

  it('a prerelease and build metadata are had by their exact name alone', async () => {
    await published('pre', ['1.0.0', '1.1.0-rc.1', '1.0.1+build.7']);
    const newest = projectWith(using(`${HOST}/open/pre/test`));
    expect(await newest.init()).toMatchObject({ exitCode: 0 });
    expect(await applied(newest)).toBe('1.0.1+build.7');
    const exact = projectWith(using(`${HOST}/open/pre/test`, '1.1.0-rc.1'));
    expect(await exact.init()).toMatchObject({ exitCode: 0 });
    expect(await applied(exact)).toBe('1.1.0-rc.1');
    const range = projectWith(using(`${HOST}/open/pre/test`, '>= 1.1.0-0, < 2.0.0'));
    expect((await range.init()).exitCode).toBe(1);
  });

  it('a submodule, links within the module, other letter case, a zip with a folder around it', async () => {
    const repository = await createRepository({
      files: {
        'shared/data.tf': told('linked')['main.tf']!,
        'main.tf': { link: 'shared/data.tf' },
        'modules/inner/main.tf': told('inner')['main.tf']!,
        'README.md': '# x\n',
      },
      tags: ['v1.0.0'],
    });
    const module = await ModuleDriver.create(server, { namespace_id: 'open', name: 'Tree', git_url: repository.url });
    expect(await module.synced()).toMatchObject({ sync_error: null });
    const whole = projectWith(using(`${HOST}/open/Tree/test`, '1.0.0'));
    expect(await whole.init()).toMatchObject({ exitCode: 0 });
    expect(await applied(whole)).toBe('linked');
    expect(existsSync(join(whole.modulesDirectory, 'it', '.git'))).toBe(false);
    const inner = projectWith(using(`${HOST}/open/tREE/test//modules/inner`, '1.0.0'));
    expect(await inner.init()).toMatchObject({ exitCode: 0 });
    expect(await applied(inner)).toBe('inner');
    const zipped = await ModuleDriver.create(server, { namespace_id: 'open', name: 'zipped' });
    await zipped.publish('1.0.0', zip(asEntries(told('zipped'), 'owner-repo-1234/')));
    const flat = projectWith(using(`${HOST}/open/zipped/test`));
    expect(await flat.init()).toMatchObject({ exitCode: 0 });
    expect(await applied(flat)).toBe('zipped');
    await repository.remove();
  });

  it('a private namespace: with the right key alone', async () => {
    const source = `${HOST}/closed/secret/test`;
    const good = projectWith(using(source, '1.0.0'), keys.reader);
    expect(await good.init()).toMatchObject({ exitCode: 0 });
    expect(await applied(good)).toBe('1.0.0');
    const failed = async (token: string | undefined): Promise<string> => {
      const result = await projectWith(using(source, '1.0.0'), token).init();
      expect(result.exitCode).toBe(1);
      return prose(result);
    };
    expect(await failed(undefined)).toMatch(/401 Unauthorized/);
    expect(await failed('plm_wrong')).toMatch(/401 Unauthorized/);
    expect(await failed(keys.stranger)).toMatch(/Module not found|not be found/i);
    expect(await projectWith(using(source, '1.0.0'), keys.short.key).init()).toMatchObject({ exitCode: 0 });
    clock.advance(3_601_000);
    expect(await failed(keys.short.key)).toMatch(/401 Unauthorized/);
  });

  it('a public namespace needs no key, and a wrong one does no harm', async () => {
    await published('free', ['1.0.0']);
    for (const token of [undefined, keys.stranger, 'plm_wrong']) {
      const project = projectWith(using(`${HOST}/open/free/test`, '1.0.0'), token);
      expect(await project.init()).toMatchObject({ exitCode: 0 });
    }
  });

  it('what the registry has to say reaches the user', async () => {
    const module = await published('quiet', ['1.0.0', '1.1.0']);
    const project = projectWith(using(`${HOST}/open/quiet/test`, '1.1.0'));
    const { id } = await module.version('1.1.0');
    await module.request('PATCH', `/versions/${id}`, { enabled: false });
    const gone = await project.init();
    expect({ code: gone.exitCode, text: prose(gone) }).toEqual({
      code: 1,
      text: expect.stringMatching(/no available version|Unresolvable module version/),
    });
    const missing = await projectWith(using(`${HOST}/open/nothing/test`)).init();
    expect({ code: missing.exitCode, text: prose(missing) }).toEqual({
      code: 1,
      text: expect.stringMatching(/not found/i),
    });
    const empty = await ModuleDriver.create(server, { namespace_id: 'open', name: 'empty' });
    const none = await projectWith(using(`${HOST}/open/${empty.name}/test`)).init();
    expect({ code: none.exitCode, text: prose(none) }).toEqual({
      code: 1,
      text: expect.stringMatching(/no versions/i),
    });
  });

  it('a version that is disabled just before its download: the client says that it is disabled', async () => {
    const module = await published('late', ['1.0.0']);
    const { id } = await module.version('1.0.0');
    await module.request('PATCH', `/versions/${id}`, { enabled: false });
    // The list as it was a moment ago; the download as it is now.
    const before = createServer((request, response) => {
      if (request.url?.endsWith('/versions')) {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ modules: [{ versions: [{ version: '1.0.0' }] }] }));
      } else {
        response.writeHead(307, { location: `${server.url}${request.url}` }).end();
      }
    });
    await new Promise<void>((resolve) => before.listen(0, '127.0.0.1', resolve));
    const { port } = before.address() as AddressInfo;
    const project = projectWith(using(`${HOST}/open/late/test`, '1.0.0'));
    project.configureCli({ hosts: { [HOST]: { 'modules.v1': `http://127.0.0.1:${port}/v1/modules/` } } });
    const result = await project.init();
    before.closeAllConnections();
    await new Promise((resolve) => before.close(resolve));
    expect({ code: result.exitCode, text: prose(result) }).toEqual({
      code: 1,
      text: expect.stringMatching(/disabled/),
    });
  });
});

describeWithEachTool('modules of this registry over TLS', (tool) => {
  let directory: string;
  let caFile: string;
  let server: TestServer;
  let host: string;
  let keys: { reader: string; stranger: string };
  const projects: TerraformProject[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'plomada-tls-'));
    const certificates = await createCertificates(join(directory, 'certificates'));
    caFile = certificates.caFile;
    const dataDir = join(directory, 'data');
    const plain = await startTestServer({}, dataDir);
    for (const name of ['closed', 'other'])
      await send(plain, 'POST', '/api/namespaces', json({ name, is_public: false }));
    keys = { reader: (await newKey(plain, 'closed')).key, stranger: (await newKey(plain, 'other')).key };
    for (const namespace_id of ['default', 'closed']) {
      const module = await ModuleDriver.create(plain, { namespace_id, name: 'tls' });
      await module.publish('1.0.0', tarGz(asEntries(told(`1.0.0 of ${namespace_id}`))));
    }
    await plain.stop();
    server = await startTestServer(
      { TLS_CERT_FILE: certificates.certificateFile, TLS_KEY_FILE: certificates.keyFile },
      dataDir,
    );
    host = `127.0.0.1:${new URL(server.url).port}`;
  });
  afterAll(async () => {
    for (const project of projects) project.remove();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const projectWith = (namespace: string, token?: string, isTrusted = true): TerraformProject => {
    const project = new TerraformProject({
      tool,
      files: using(`${host}/${namespace}/tls/test`, '1.0.0'),
      cliConfig: token === undefined ? {} : { credentials: { [host]: token } },
      environment: isTrusted ? { SSL_CERT_FILE: caFile } : {},
    });
    projects.push(project);
    return project;
  };

  it('discovery, versions and archive, of a public and a private namespace', async () => {
    for (const [namespace, token] of [
      ['default', undefined],
      ['default', 'plm_wrong'],
      ['closed', keys.reader],
    ] as const) {
      const project = projectWith(namespace, token);
      expect(await project.init()).toMatchObject({ exitCode: 0 });
      expect(await project.apply()).toMatchObject({ exitCode: 0 });
      expect((await project.run(['output', '-raw', 'version'])).output).toBe(`1.0.0 of ${namespace}`);
      const listed = readFileSync(join(project.modulesDirectory, 'modules.json'), 'utf8');
      expect(listed).toContain(`${host}/${namespace}/tls/test`);
    }
  });

  it.each([
    ['no key', (): string | undefined => undefined, /401 Unauthorized/],
    ['a wrong key', (): string | undefined => 'plm_wrong', /401 Unauthorized/],
    ['the key of another namespace', (): string | undefined => keys.stranger, /not found|cannot be found/i],
  ])('%s for a private namespace: the client says why', async (_what, token, reason) => {
    const result = await projectWith('closed', token()).init();
    expect({ code: result.exitCode, text: prose(result) }).toEqual({ code: 1, text: expect.stringMatching(reason) });
  });

  it('a certificate that nobody trusts is refused by the client', async () => {
    const result = await projectWith('default', undefined, false).init();
    expect({ code: result.exitCode, text: prose(result) }).toEqual({
      code: 1,
      text: expect.stringMatching(/certificate/),
    });
  });
});
