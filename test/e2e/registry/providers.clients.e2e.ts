import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, createCertificates } from '../../support/certificates';
import { THIS_PLATFORM } from '../../support/node-provider/node-provider-zip';
import { detachedSignature, generateKey } from '../../support/openpgp-keys';
import {
  type Body,
  createKey,
  createNamespace,
  createSigningNamespace,
  demand,
  packageBytes,
  ProviderDriver,
  sendForm,
  uniqueName,
} from '../../support/provider-driver';
import { describeWithEachTool, TerraformProject, type ToolResult } from '../../support/terraform-cli';
import { ADMIN_KEY, startTestServer, type TestServer } from '../../support/test-server';

/** A host that is known by the CLI configuration alone. */
const HOST = 'reg.plomada.test';
const OTHERS = [
  { os: 'windows', arch: 'amd64' },
  { os: 'linux', arch: 'arm64' },
  { os: 'darwin', arch: 'arm64' },
];
const here = `${THIS_PLATFORM.os}_${THIS_PLATFORM.arch}`;
const other = OTHERS.find(({ os, arch }) => `${os}_${arch}` !== here)!;

let server: TestServer;
const projects: TerraformProject[] = [];

beforeAll(async () => {
  server = await startTestServer();
});
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});
afterAll(() => server.stop());

interface Use {
  version?: string;
  /** Null: no credentials. */
  token?: string | null;
  host?: string;
  environment?: Record<string, string>;
  /** Asked for by the real discovery. */
  isDiscovered?: boolean;
}

/** A configuration that uses a provider and makes one thing with it. */
function projectOf(tool: 'terraform' | 'tofu', provider: ProviderDriver, use: Use = {}): TerraformProject {
  const { version, token = ADMIN_KEY, host = HOST, environment, isDiscovered = false } = use;
  const constraint = version === undefined ? '' : `version = "${version}"`;
  const project = new TerraformProject({
    tool,
    environment,
    files: {
      'main.tf': `
terraform {
  required_providers {
    it = {
      source = "${host}/${provider.namespace}/${provider.name}"
      ${constraint}
    }
  }
}
resource "${provider.name}_thing" "one" {
  provider = it
  label    = "hello"
}
`,
    },
    cliConfig: {
      ...(token === null ? {} : { credentials: { [host]: token } }),
      ...(isDiscovered ? {} : { hosts: { [host]: { 'providers.v1': `${provider.server.url}/v1/providers/` } } }),
    },
  });
  projects.push(project);
  return project;
}

const addressOf = (provider: ProviderDriver, host = HOST): string => `${host}/${provider.namespace}/${provider.name}`;

function expectSuccess({ exitCode, output }: ToolResult): string {
  if (exitCode !== 0) throw new Error(output);
  return output;
}

/** The output as one line without the frame: messages are wrapped. */
const flat = (output: string): string => output.replaceAll(/[│╷╵\s]+/g, ' ');

describeWithEachTool('a provider of the registry', (tool) => {
  it('is installed, plans, applies and destroys; the lock file has all hashes', async () => {
    const provider = await ProviderDriver.create(server, {
      namespace: await createSigningNamespace(server),
      name: 'tally',
    });
    const version = await provider.release('1.2.3', [
      THIS_PLATFORM,
      ...OTHERS.filter((each) => each !== THIS_PLATFORM),
    ]);
    const project = projectOf(tool, provider);
    const output = expectSuccess(await project.init());
    expect(output).toMatch(/Installed \S+ v1\.2\.3 \(self-signed, key ID [0-9A-F]{16}\)/);
    const { body: document } = await provider.download('1.2.3');
    const zh = version.platforms.map(({ shasum }: Body) => `zh:${shasum}`);
    const h1 = (platform: string): string =>
      document.packages[platform].hashes.find((hash: string) => hash.startsWith('h1:'));
    const locked = (): string[] => project.lockFile()[addressOf(provider)]!.hashes;
    expect(locked()).toEqual(expect.arrayContaining([h1(here), ...zh]));
    if (tool === 'terraform') expect([...locked()].sort()).toEqual([h1(here), ...zh].sort());

    const otherName = `${other.os}_${other.arch}`;
    expectSuccess(await project.run(['providers', 'lock', `-platform=${here}`, `-platform=${otherName}`]));
    expect(locked()).toEqual(expect.arrayContaining([h1(here), h1(otherName), ...zh]));
    expect(h1(here)).not.toBe(h1(otherName));

    // On another machine, with the lock file as it is.
    project.forgetInstallation();
    expectSuccess(await project.init('-lockfile=readonly'));
    expect(expectSuccess(await project.plan())).toContain('1 to add');
    expect(expectSuccess(await project.apply())).toContain('1 added');
    expect(expectSuccess(await project.plan('-detailed-exitcode'))).toContain('No changes');
    expect(expectSuccess(await project.destroy())).toContain('1 destroyed');
    expect((await provider.version(version.id)).downloads).toBeGreaterThanOrEqual(4);
  });

  it('is installed by many at once', async () => {
    const provider = await ProviderDriver.create(server, { namespace: await createSigningNamespace(server) });
    await provider.release('1.0.0');
    const all = Array.from({ length: 4 }, () => projectOf(tool, provider));
    for (const result of await Promise.all(all.map((project) => project.init()))) expectSuccess(result);
    expect(new Set(all.map((project) => JSON.stringify(project.lockFile()))).size).toBe(1);
  });

  it('of a public namespace needs no token, and a wrong one does no harm', async () => {
    const namespace = await createSigningNamespace(server, { is_public: true });
    const provider = await ProviderDriver.create(server, { namespace });
    await provider.release('1.0.0');
    for (const token of [null, 'plm_wrong', ADMIN_KEY])
      expectSuccess(await projectOf(tool, provider, { token }).init());
  });

  it('of a private namespace needs the right token', async () => {
    const provider = await ProviderDriver.create(server, { namespace: await createSigningNamespace(server) });
    await provider.release('1.0.0');
    const reader = await createKey(server, provider.namespaceId, 'read');
    const stranger = await createKey(server, (await createNamespace(server)).id, 'admin');
    const expiring = await createKey(server, provider.namespaceId, 'read', {
      expires_at: new Date(Date.now() + 1_500).toISOString(),
    });
    expectSuccess(await projectOf(tool, provider, { token: reader.key }).init());
    const denied: [what: string, token: string | null, message: RegExp][] = [
      ['missing', null, /requires authentication credentials|rejected the given authentication|401/],
      ['wrong', `plm_${'x'.repeat(44)}`, /requires authentication credentials|rejected the given authentication|401/],
      ['of another namespace', stranger.key, /does not have a provider named/],
    ];
    for (const [what, token, message] of denied) {
      const { exitCode, output } = await projectOf(tool, provider, { token }).init();
      expect([what, exitCode, flat(output)]).toEqual([what, 1, expect.stringMatching(message)]);
    }
    // It has expired by now, or does before the deadline of `eventually`.
    const { exitCode, output } = await expiredInit(tool, provider, expiring.key);
    expect([exitCode, flat(output)]).toEqual([1, expect.stringMatching(/authentication|401/)]);
    // A token that is taken back stops working at once.
    await demand(server, 'DELETE', `/api/namespaces/${provider.namespaceId}/api-keys/${reader.id}`);
    expect((await projectOf(tool, provider, { token: reader.key }).init()).exitCode).toBe(1);
  });

  it('says that it is deprecated, and is gone when it is switched off', async () => {
    const provider = await ProviderDriver.create(server, { namespace: await createSigningNamespace(server) });
    const version = await provider.release('1.0.0');
    const path = provider.versionPath(version.id);
    await demand(server, 'PATCH', path, { deprecated: 'Use the weather-two provider.' });
    expect(flat(expectSuccess(await projectOf(tool, provider).init()))).toContain('Use the weather-two provider.');
    await demand(server, 'PATCH', path, { deprecated: null });
    expect(expectSuccess(await projectOf(tool, provider).init())).not.toContain('weather-two');
    await demand(server, 'PATCH', path, { enabled: false });
    expect((await projectOf(tool, provider, { version: '1.0.0' }).init()).exitCode).toBe(1);
  });

  it('keeps being installed after the key was rotated, also with an old lock file', async () => {
    const namespace = await createSigningNamespace(server);
    const provider = await ProviderDriver.create(server, { namespace });
    await provider.release('1.0.0');
    const early = projectOf(tool, provider, { version: '1.0.0' });
    expectSuccess(await early.init());
    const keyId = (output: string): string => /key ID ([0-9A-F]+)/.exec(output)?.[1] ?? '';
    const { privateKey } = await generateKey();
    const next = await demand(server, 'POST', `/api/namespaces/${namespace.id}/signing-keys`, {
      private_key: privateKey,
    });
    await provider.release('2.0.0');
    early.forgetInstallation();
    expectSuccess(await early.init('-lockfile=readonly'));
    const old = expectSuccess(await projectOf(tool, provider, { version: '1.0.0' }).init());
    const fresh = expectSuccess(await projectOf(tool, provider, { version: '2.0.0' }).init());
    expect(keyId(fresh)).toBe(next.key_id);
    expect(keyId(old)).not.toBe(next.key_id);
  });

  it('of a revoked key is refused', async () => {
    const namespace = await createNamespace(server);
    const pair = await generateKey();
    const keys = `/api/namespaces/${namespace.id}/signing-keys`;
    await demand(server, 'POST', keys, { private_key: pair.privateKey });
    const provider = await ProviderDriver.create(server, { namespace });
    await provider.release('1.0.0');
    expectSuccess(await projectOf(tool, provider).init());
    await demand(server, 'POST', keys, { public_key: pair.revokedKey });
    const { exitCode, output } = await projectOf(tool, provider).init();
    expect([exitCode, flat(output)]).toEqual([1, expect.stringContaining('revoked')]);
  });

  it('of a release made elsewhere is installed with the hashes of its own list', async () => {
    const namespace = await createNamespace(server);
    const pair = await generateKey();
    await demand(server, 'POST', `/api/namespaces/${namespace.id}/signing-keys`, { public_key: pair.publicKey });
    const provider = await ProviderDriver.create(server, { namespace });
    const draft = await provider.draft('1.0.0', { protocols: ['6.0'] });
    const bytes = await packageBytes(provider.name, '1.0.0');
    const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
    const manifest = sha256(Buffer.from('{"version":1}'));
    const prefix = `terraform-provider-${provider.name}_1.0.0`;
    const shasums = Buffer.from(`${sha256(bytes)}  ${prefix}_${here}.zip\n${manifest}  ${prefix}_manifest.json\n`);
    const answer = await sendForm(server, `${provider.versionPath(draft.id)}/shasums`, {
      shasums: { bytes: shasums },
      signature: { bytes: await detachedSignature(shasums, pair, 'armored') },
    });
    expect(answer.status).toBe(200);
    expect((await provider.upload(draft.id, bytes)).status).toBe(201);
    expect((await provider.publish(draft.id)).status).toBe(200);
    const project = projectOf(tool, provider);
    expectSuccess(await project.init());
    expect(project.lockFile()[addressOf(provider)]!.hashes).toEqual(
      expect.arrayContaining([`zh:${sha256(bytes)}`, `zh:${manifest}`]),
    );
  });

  it('whose stored package, list or signature was changed on the disk is refused', async () => {
    const provider = await ProviderDriver.create(server, { namespace: await createSigningNamespace(server) });
    await provider.release('1.0.0');
    const { document } = await provider.fetchAll('1.0.0');
    for (const [part, message] of [
      ['download_url', /checksum/],
      ['shasums_url', /checksum|signature/],
      ['shasums_signature_url', /signature|openpgp|authentication/],
    ] as const) {
      const [, sha256 = ''] = /artifacts\/([0-9a-f]{64})/.exec(document[part]) ?? [];
      const file = join(server.dataDir, 'artifacts', sha256.slice(0, 2), sha256);
      const bytes = readFileSync(file);
      chmodSync(file, 0o600);
      const flipped = Buffer.from(bytes);
      // In the list, a digit of the checksum of the package; in the others, something in the middle.
      const place = part === 'shasums_url' ? 10 : bytes.length - 20;
      flipped[place] = flipped[place]! ^ 1;
      writeFileSync(file, flipped);
      const { exitCode, output } = await projectOf(tool, provider).init();
      expect([part, exitCode, flat(output)]).toEqual([part, 1, expect.stringMatching(message)]);
      writeFileSync(file, bytes);
    }
    expectSuccess(await projectOf(tool, provider).init());
  });

  it('with a lock file of other content is refused', async () => {
    const provider = await ProviderDriver.create(server, { namespace: await createSigningNamespace(server) });
    await provider.release('1.0.0');
    const project = projectOf(tool, provider);
    expectSuccess(await project.init());
    project.forgetInstallation();
    const lock = join(project.directory, '.terraform.lock.hcl');
    const text = readFileSync(lock, 'utf8');
    writeFileSync(
      lock,
      text.replaceAll(/"(h1|zh):[^"]+"/g, (_, scheme: string) =>
        scheme === 'h1' ? `"h1:${'A'.repeat(43)}="` : `"zh:${'0'.repeat(64)}"`,
      ),
    );
    const { exitCode, output } = await project.init();
    expect([exitCode, flat(output)]).toEqual([1, expect.stringMatching(/match any of the checksums/)]);
  });
});

/** Tries until the token has stopped working. */
async function expiredInit(tool: 'terraform' | 'tofu', provider: ProviderDriver, token: string): Promise<ToolResult> {
  for (;;) {
    const result = await projectOf(tool, provider, { token }).init();
    if (result.exitCode !== 0) return result;
  }
}

describeWithEachTool('a provider over TLS', (tool) => {
  let directory: string;
  let certificates: Certificates;
  let secure: TestServer;
  let provider: ProviderDriver;
  let host: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'plomada-tls-'));
    certificates = await createCertificates(directory);
    // Filled without TLS, since only the tools get to trust our CA.
    const data = join(directory, 'data');
    const plain = await startTestServer({}, data);
    const namespace = await createSigningNamespace(plain, { name: uniqueName('tls') });
    provider = await ProviderDriver.create(plain, { namespace, name: 'tally' });
    await provider.release('1.0.0');
    await plain.stop();
    secure = await startTestServer(
      { TLS_CERT_FILE: certificates.certificateFile, TLS_KEY_FILE: certificates.keyFile },
      data,
    );
    host = new URL(secure.url).host;
  });
  afterAll(async () => {
    await secure.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('is discovered and used with a private CA, and refused without it', async () => {
    const environment = { SSL_CERT_FILE: certificates.caFile };
    const project = projectOf(tool, provider, { host, isDiscovered: true, environment });
    expectSuccess(await project.init());
    expect(Object.keys(project.lockFile())).toEqual([addressOf(provider, host)]);
    expect(expectSuccess(await project.apply())).toContain('1 added');
    expectSuccess(await project.run(['providers', 'lock', `-platform=${here}`]));
    const without = await projectOf(tool, provider, { host, isDiscovered: true }).init();
    expect([without.exitCode, flat(without.output)]).toEqual([1, expect.stringContaining('x509')]);
    const nobody = await projectOf(tool, provider, { host, isDiscovered: true, environment, token: null }).init();
    expect([nobody.exitCode, flat(nobody.output)]).toEqual([1, expect.stringMatching(/authentication|401/)]);
  });
});
