import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import { createCertificates } from '../../support/certificates';
import { eventually } from '../../support/eventually';
import { brokenGoProviderFiles, goProviderFilesBrokenOnWindows } from '../../support/go-provider';
import { describeIfInstalled } from '../../support/installed-programs';
import {
  buildNodeProviderZip,
  type NodeProvider,
  THIS_PLATFORM,
  type ZipFaults,
} from '../../support/node-provider/node-provider-zip';
import { processesOf } from '../../support/processes';
import { describeWithEachTool, type RunningTool, TerraformProject } from '../../support/terraform-cli';

const SOURCE = 'reg.plomada.test/team/tally';
const LINUX = { name: 'tally', version: '1.2.3', os: 'linux', arch: 'amd64' };

function configuration(things: string): string {
  return `terraform {\n  required_providers {\n    tally = { source = "${SOURCE}", version = "1.2.3" }\n  }\n}\n${things}`;
}

describe('what the end-to-end tests of the registry stand on', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'plomada-support-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  describeWithEachTool('the provider in plain Node', (tool) => {
    let project: TerraformProject;

    beforeEach(async () => {
      const packages = join(directory, SOURCE);
      mkdirSync(packages, { recursive: true });
      await buildNodeProviderZip({ ...LINUX, ...THIS_PLATFORM, directory: packages });
      project = new TerraformProject({
        tool,
        cliConfig: { providerInstallation: [{ method: 'filesystem_mirror', path: directory }] },
      });
    });
    afterEach(() => project.remove());

    const state = (): { resources: { instances: { attributes: Record<string, unknown> }[] }[] } =>
      JSON.parse(readFileSync(join(project.directory, 'terraform.tfstate'), 'utf8'));
    const thing = () => state().resources[0]?.instances[0]?.attributes;

    it('is installed, planned, applied, changed and destroyed', async () => {
      project.writeFiles({ 'main.tf': configuration('resource "tally_thing" "a" {\n  label = "first"\n}\n') });
      const init = await project.init();
      expect(init).toMatchObject({ exitCode: 0 });
      expect(init.output).toContain(`Installing ${SOURCE} v1.2.3`);
      expect(init.output).not.toContain('CLI configuration');
      expect(project.lockFile()).toEqual({
        [SOURCE]: {
          version: '1.2.3',
          constraints: '1.2.3',
          hashes: [expect.stringMatching(/^h1:[A-Za-z0-9+/]{43}=$/)],
        },
      });

      const created = await project.apply();
      expect(created).toMatchObject({ exitCode: 0 });
      expect(created.output).toContain('Apply complete! Resources: 1 added, 0 changed, 0 destroyed.');
      const first = thing();
      expect(first).toEqual({
        id: expect.stringMatching(/^thing-/),
        label: 'first',
        delay_ms: null,
        made_by: 'tally 1.2.3',
      });
      expect((await project.plan('-detailed-exitcode')).exitCode).toBe(0);

      project.writeFiles({ 'main.tf': configuration('resource "tally_thing" "a" {\n  label = "second"\n}\n') });
      const plan = await project.plan('-detailed-exitcode', '-out=run.tfplan');
      expect(plan.exitCode).toBe(2);
      expect(plan.output).toContain('tally_thing.a will be updated in-place');
      expect(plan.output).toContain('~ label   = "first" -> "second"');
      expect((await project.run(['apply', 'run.tfplan'])).output).toContain('0 added, 1 changed, 0 destroyed.');
      expect(thing()).toEqual({ ...first, label: 'second' });

      expect((await project.destroy()).output).toContain('Destroy complete! Resources: 1 destroyed.');
      expect(state().resources).toEqual([]);
    });

    it('takes values that are known only while it applies, and long and foreign text', async () => {
      const long = 'ü'.repeat(40_000);
      project.writeFiles({
        'main.tf': configuration(
          `resource "tally_thing" "a" {\n  label = "${long}"\n  delay_ms = 0.5\n}\n` +
            'resource "tally_thing" "b" {\n  label = "of ${tally_thing.a.id}"\n  delay_ms = 300\n}\n' +
            'output "b" { value = tally_thing.b }\noutput "long" { value = tally_thing.a.label }\n',
        ),
      });
      await project.init();
      expect(await project.apply()).toMatchObject({ exitCode: 0 });
      const { output } = await project.run(['output', '-json']);
      expect(JSON.parse(output)).toMatchObject({
        b: { value: { label: expect.stringMatching(/^of thing-/), delay_ms: 300, made_by: 'tally 1.2.3' } },
        long: { value: long },
      });
    });

    describe('during a delay', () => {
      const providers = () =>
        processesOf(project.home).filter(({ commandLine }) => commandLine.includes('terraform-provider-tally_v1.2.3'));
      const startApply = async (): Promise<RunningTool> => {
        const resource = 'resource "tally_thing" "a" {\n  label = "x"\n  delay_ms = 600000\n}\n';
        project.writeFiles({ 'main.tf': configuration(resource) });
        await project.init();
        const apply = project.start(['apply', '-auto-approve']);
        await eventually('the delay', () => apply.output().includes('Creating...'), 10_000, apply.output);
        expect(providers()).toHaveLength(1);
        return apply;
      };

      it('stops when the tool is interrupted, and nothing is made', async () => {
        const apply = await startApply();
        apply.signal('SIGINT');
        const { exitCode, output } = await apply.ended;
        expect(exitCode).toBe(1);
        expect(output).toContain('The change was stopped before anything was done.');
        expect(state().resources).toEqual([]);
        await eventually('the provider to end', () => providers().length === 0);
      });

      it('ends with the tool when that alone is killed', async () => {
        const apply = await startApply();
        process.kill(apply.pid, 'SIGKILL');
        expect(await apply.ended).toMatchObject({ exitCode: null });
        await eventually('the provider to end', () => providers().length === 0);
      });
    });

    it('is killed when it takes too long', async () => {
      const hasty = new TerraformProject({ tool, timeoutMs: 1 });
      await expect(hasty.run(['version'])).rejects.toThrow(`${tool} version took over 1 ms`);
      hasty.remove();
    });
  });

  describe('the zip of a provider', () => {
    const build = (faults: ZipFaults = {}, platform = LINUX) =>
      buildNodeProviderZip({ ...platform, directory }, faults);
    const listing = async (path: string): Promise<Record<string, string>> => {
      const zip = await promisify<Buffer, ZipFile>((bytes, done) => fromBuffer(bytes, done))(readFileSync(path));
      const entries: Record<string, string> = {};
      return new Promise((resolve, reject) => {
        zip.on('entry', ({ fileName, externalFileAttributes }: Entry) => {
          entries[fileName] = (externalFileAttributes >>> 16).toString(8);
        });
        zip.on('end', () => resolve(entries)).on('error', reject);
      });
    };

    it('has one program with mode 0755, and the same bytes each time', async () => {
      const zip = await build();
      expect(zip.path).toBe(join(directory, 'terraform-provider-tally_1.2.3_linux_amd64.zip'));
      expect(await listing(zip.path)).toEqual({ 'terraform-provider-tally_v1.2.3': '100755' });
      const bytes = readFileSync(zip.path);
      expect(zip).toMatchObject({
        fileName: basename(zip.path),
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size: bytes.length,
      });
      expect(await build()).toEqual(zip);
      expect((await build({}, { ...LINUX, version: '1.2.4' })).sha256).not.toBe(zip.sha256);
    });

    it.each<[string, ZipFaults, NodeProvider, Record<string, string>]>([
      ['for Windows', {}, { ...LINUX, os: 'windows' }, { 'terraform-provider-tally_v1.2.3.exe': '100755' }],
      ['not executable', { hasNoExecuteBit: true }, LINUX, { 'terraform-provider-tally_v1.2.3': '100644' }],
      ['of another name', { innerName: 'other' }, LINUX, { 'terraform-provider-other_v1.2.3': '100755' }],
      ['of another version', { innerVersion: '9.9.9' }, LINUX, { 'terraform-provider-tally_v9.9.9': '100755' }],
      [
        'with more in it',
        { extraEntries: { 'docs/a.md': 'A' } },
        LINUX,
        { 'terraform-provider-tally_v1.2.3': '100755', 'docs/a.md': '100644' },
      ],
    ])('can be one %s', async (_what, faults, platform, entries) => {
      expect(await listing((await build(faults, platform)).path)).toEqual(entries);
    });
  });

  it('certificates: a client that trusts the CA accepts the server by each of its names, others do not', async () => {
    const { ca, certificate, key } = await createCertificates(join(directory, 'tls'));
    const server = createServer({ cert: certificate, key }, (_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const fetchAs = (servername: string, trust: string | undefined): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, servername, ca: trust, agent: false };
        get(options, (response) => text(response).then(resolve, reject)).on('error', reject);
      });
    try {
      expect(await fetchAs('', ca)).toBe('hello');
      for (const name of ['localhost', 'reg.plomada.test']) expect(await fetchAs(name, ca)).toBe('hello');
      await expect(fetchAs('other.plomada.test', ca)).rejects.toThrow("does not match certificate's altnames");
      await expect(fetchAs('localhost', undefined)).rejects.toThrow('unable to verify the first certificate');
    } finally {
      server.close();
    }
  });

  describeWithEachTool('a CLI configuration', (tool) => {
    it('sends the tool to a plain http address, with the token of the host that it stands for', async () => {
      const requests: string[] = [];
      const server = createHttpServer(({ url, headers }, response) => {
        requests.push(`${url} ${headers.authorization}`);
        response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const services = {
        'modules.v1': `http://127.0.0.1:${port}/modules/`,
        'login.v1': {
          client: 'cli',
          grant_types: ['authz_code'],
          authz: '/authz',
          token: '/token',
          ports: [10_000, 10_010],
        },
      };
      const project = new TerraformProject({
        tool,
        files: { 'main.tf': 'module "net" {\n  source  = "reg.plomada.test/team/net/aws"\n  version = "1.0.0"\n}\n' },
        cliConfig: {
          credentials: { 'reg.plomada.test': 'to"ken', 'other.plomada.test:8443': 'other' },
          hosts: { 'reg.plomada.test': services },
          providerInstallation: [
            { method: 'network_mirror', url: 'https://mirror.plomada.test/', include: ['reg.plomada.test/*/*'] },
            { method: 'direct', exclude: ['reg.plomada.test/*/*'] },
          ],
        },
      });
      const { exitCode, output } = await project.init();
      server.close();
      project.remove();
      expect(requests).toEqual(['/modules/team/net/aws/versions Bearer to"ken']);
      expect(exitCode).toBe(1);
      expect(output).toContain('Module not found');
      expect(output).not.toContain('CLI configuration');
    });
  });

  describeIfInstalled('go', 'the sources of a provider in Go', () => {
    const build = async (files: Record<string, string>, goos: string) => {
      for (const [path, content] of Object.entries(files)) writeFileSync(join(directory, path), content);
      const env = {
        PATH: process.env.PATH,
        HOME: directory,
        GOCACHE: join(directory, 'cache'),
        GOPROXY: 'off',
        GOOS: goos,
        CGO_ENABLED: '0',
      };
      const args = ['build', '-ldflags', '-X main.version=1.2.3', '-o', join(directory, 'program'), '.'];
      return promisify(execFile)('go', args, { cwd: directory, env });
    };

    it('build, print the version that was put in, and break where they are to break', async () => {
      await build(goProviderFilesBrokenOnWindows('tally'), THIS_PLATFORM.os);
      expect((await promisify(execFile)(join(directory, 'program'))).stdout).toBe('1.2.3\n');
      await expect(build({}, 'windows')).rejects.toThrow('broken_windows.go:3:14: undefined: missingOnWindows\n');
      rmSync(join(directory, 'broken_windows.go'));
      await expect(build(brokenGoProviderFiles('tally'), THIS_PLATFORM.os)).rejects.toThrow(
        'broken.go:3:14: undefined: missing\n',
      );
    });
  });
});
