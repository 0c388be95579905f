import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProviderPackages } from '../../../src/providers/provider-packages.service';
import { eventually } from '../../support/eventually';
import { openStream } from '../../support/event-stream';
import { createRepository, type Files, type GitRepository, serveRepository } from '../../support/git-fixture';
import { brokenGoProviderFiles, goProviderFiles, goProviderFilesBrokenOnWindows } from '../../support/go-provider';
import { describeIfInstalled } from '../../support/installed-programs';
import { THIS_PLATFORM } from '../../support/node-provider/node-provider-zip';
import { processesOf } from '../../support/processes';
import {
  type Body,
  createNamespace,
  createSigningNamespace,
  demand,
  packageBytes,
  ProviderDriver,
  type RegistryServer,
} from '../../support/provider-driver';
import { type ServerProcess, startServerProcess } from '../../support/server-process';
import { TerraformProject } from '../../support/terraform-cli';
import { ADMIN_KEY, sendRequest, startTestServer, type TestServer } from '../../support/test-server';

const LINUX = { os: 'linux', arch: 'amd64' };
const WINDOWS = { os: 'windows', arch: 'amd64' };
const BUILT = [LINUX, WINDOWS];

/** Compiled in a moment: it imports nothing. */
const sources = (name = 'quick'): Files => ({
  ...goProviderFiles(name),
  'main.go': 'package main\n\nvar version = "dev"\n\nfunc main() { println("version " + version) }\n',
});

const repositories: GitRepository[] = [];

/** A provider of a repository with these files, and the draft of its tag. */
async function providerOf(
  on: RegistryServer,
  namespace: Body,
  files: Files,
  fields: Record<string, unknown> = {},
): Promise<{ provider: ProviderDriver; draft: Body; repository: GitRepository }> {
  const repository = await createRepository({ files, tags: ['v1.0.0'] });
  repositories.push(repository);
  const provider = await ProviderDriver.create(on, { namespace, git_url: repository.url, ...fields });
  await demand(on, 'POST', `${provider.path}/sync-tags`);
  const [draft] = await demand(on, 'GET', `${provider.path}/versions`);
  return { provider, draft, repository };
}

describeIfInstalled('go', 'builds', () => {
  let server: TestServer;
  /** Its compiler cache is warm after the first test. */
  let namespace: Body;

  beforeAll(async () => {
    server = await startTestServer({ BUILD_GOPROXY: 'off' });
    namespace = await createSigningNamespace(server);
  });
  afterAll(async () => {
    await server.stop();
    for (const repository of repositories) await repository.remove();
  });

  const expectNothingLeft = async (provider: ProviderDriver, draft: Body, build: Body): Promise<void> => {
    expect((await provider.version(draft.id)).platforms).toEqual([]);
    await eventually('its processes are gone', () => processesOf(build.id).length === 0);
    await eventually('its directory is gone', () => !existsSync(join(server.dataDir, 'work', build.id)));
  };

  it('of two platforms: packages, evidence, log, stream; published and installed', async () => {
    const { provider, draft, repository } = await providerOf(server, namespace, sources());
    const build = await provider.build(draft.id, BUILT);
    expect(build).toMatchObject({
      ...{ version_id: draft.id, publish: false, go_version: null, error_message: null, evidence: null },
      ...{ commit_sha: await repository.sha('v1.0.0'), completed_at: null },
      platforms: BUILT.map((platform) => ({ ...platform, status: expect.stringMatching(/queued|building/) })),
    });
    const buildPath = `${provider.versionPath(draft.id)}/builds/${build.id}`;
    const live = await openStream(`${server.url}${buildPath}/stream`, ADMIN_KEY);
    const done = await provider.reachBuild(draft.id, build.id, 'success');
    const goVersion = /go version (go\S+ \S+)/.exec(execFileSync('go', ['version']).toString())?.[1];
    expect(done).toMatchObject({
      go_version: goVersion,
      platforms: BUILT.map((platform) => ({ ...platform, status: 'success' })),
      evidence: { go_version: goVersion, commit_sha: await repository.sha('v1.0.0') },
    });
    expect(Date.parse(done.started_at)).toBeLessThanOrEqual(Date.parse(done.completed_at));
    expect(done.evidence.command.join(' ')).toContain('-trimpath -buildvcs=false -ldflags -s -w -X main.version=1.0.0');
    expect(done.evidence.environment).toMatchObject({ CGO_ENABLED: '0' });

    const version = await provider.version(draft.id);
    expect(
      version.platforms.map(({ os, arch, filename, size_bytes, shasum }: Body) => ({
        os,
        arch,
        filename,
        size_bytes,
        shasum,
      })),
    ).toEqual(done.evidence.artifacts);
    expect(version.status).toBe('draft');

    const log = await provider.buildLog(draft.id, build.id);
    expect(log).toMatch(/Checked out v1\.0\.0 at commit [0-9a-f]{40}/);
    expect(log).toContain('linux/amd64');
    expect(log).not.toContain(server.dataDir);
    await live.ended;
    const logOf = (events: Body[]): string =>
      events
        .filter(({ event }) => event === 'log')
        .map(({ data }) => data.text)
        .join('');
    const raw = (await server.request('GET', `${buildPath}/log`)).text;
    expect(logOf(live.events())).toBe(raw);
    expect(live.events().at(-1)?.event).toBe('end');
    const statuses = live.events().filter(({ event }) => event === 'status');
    expect(statuses.at(-1)?.data).toMatchObject({ status: 'success' });
    const middle = live.events()[3]!;
    const resumed = await openStream(`${server.url}${buildPath}/stream`, ADMIN_KEY, middle.id);
    await resumed.ended;
    expect(resumed.events()).toEqual(live.events().slice(4));
    expect((await openStream(`${server.url}${buildPath}/stream`, ADMIN_KEY, live.events().at(-1)!.id)).status).toBe(
      204,
    );
    const range = await fetch(`${server.url}${buildPath}/log`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, range: 'bytes=0-9' },
    });
    expect([range.status, await range.text()]).toEqual([206, raw.slice(0, 10)]);

    const listed = await demand(server, 'GET', `${provider.versionPath(draft.id)}/builds`);
    expect(listed.map(({ id }: Body) => id)).toEqual([build.id]);
    expect((await server.request('POST', `${buildPath}/cancel`)).status).toBe(409);
    const again = await server.request('POST', `${provider.versionPath(draft.id)}/builds`, { platforms: [LINUX] });
    expect([again.status, again.body.type]).toEqual([409, '/problems/platform-exists']);

    expect((await provider.publish(draft.id)).status).toBe(200);
    const late = await server.request('POST', `${provider.versionPath(draft.id)}/builds`, {
      platforms: [{ os: 'linux', arch: 'arm64' }],
    });
    expect([late.status, late.body.type]).toEqual([409, '/problems/version-published']);
    expect(existsSync(join(server.dataDir, 'work', build.id))).toBe(false);

    const { zip } = await provider.fetchAll('1.0.0', LINUX);
    const directory = mkdtempSync(join(tmpdir(), 'plomada-built-'));
    writeFileSync(join(directory, 'p.zip'), zip);
    const program = `terraform-provider-${provider.name}_v1.0.0`;
    const entries = execFileSync('unzip', ['-Z1', join(directory, 'p.zip')]).toString();
    expect(entries.trim()).toBe(program);
    if (THIS_PLATFORM.os === LINUX.os && THIS_PLATFORM.arch === LINUX.arch) {
      execFileSync('unzip', ['-q', join(directory, 'p.zip'), '-d', directory]);
      const said = execFileSync('sh', ['-c', '"$0" 2>&1', join(directory, program)]).toString();
      expect(said).toBe('version 1.0.0\n');
      const project = new TerraformProject({
        files: {
          'main.tf': `terraform {\n  required_providers {\n    it = { source = "reg.plomada.test/${provider.namespace}/${provider.name}" }\n  }\n}\n`,
        },
        cliConfig: {
          credentials: { 'reg.plomada.test': ADMIN_KEY },
          hosts: { 'reg.plomada.test': { 'providers.v1': `${server.url}/v1/providers/` } },
        },
      });
      const init = await project.init();
      project.remove();
      expect([init.exitCode, init.output]).toEqual([0, expect.stringContaining('v1.0.0')]);
    }
    rmSync(directory, { recursive: true, force: true });
  });

  it('takes the five usual platforms when none are named, and refuses what there is not', async () => {
    const { provider, draft } = await providerOf(server, namespace, brokenGoProviderFiles('broken'));
    const path = `${provider.versionPath(draft.id)}/builds`;
    for (const platforms of [
      [],
      [{ os: 'templeos', arch: 'amd64' }],
      [{ os: 'linux', arch: 'z80' }],
      [LINUX, LINUX],
      [{ ...LINUX, goarm: '7' }],
      'linux/amd64',
      [null],
      Array.from({ length: 41 }, () => LINUX),
    ]) {
      const answer = await server.request('POST', path, { platforms });
      expect([platforms, answer.status]).toEqual([platforms, 400]);
    }
    const build = await provider.build(draft.id);
    expect(build.platforms.map(({ os, arch }: Body) => `${os}/${arch}`)).toEqual([
      'linux/amd64',
      'linux/arm64',
      'darwin/amd64',
      'darwin/arm64',
      'windows/amd64',
    ]);
    const failed = await provider.reachBuild(draft.id, build.id, 'failed');
    expect(failed.error_message).toMatch(/^linux\/amd64: .*exit status/);
    expect(await provider.buildLog(draft.id, build.id)).toContain('broken.go:3:14: undefined: missing');
    expect(failed.platforms[0].status).toBe('failed');
    await expectNothingLeft(provider, draft, build);
  });

  it('of a version that does not come from Git cannot be', async () => {
    const provider = await ProviderDriver.create(server, { namespace });
    const draft = await provider.draft('1.0.0');
    const answer = await server.request('POST', `${provider.versionPath(draft.id)}/builds`, {});
    expect([answer.status, answer.body.type]).toEqual([422, '/problems/no-repository']);
  });

  it('that fails for one platform brings none', async () => {
    const { provider, draft } = await providerOf(server, namespace, {
      ...goProviderFilesBrokenOnWindows('half'),
      'main.go': sources()['main.go']!,
    });
    const build = await provider.build(draft.id, BUILT);
    const failed = await provider.reachBuild(draft.id, build.id, 'failed');
    expect(failed.error_message).toMatch(/^windows\/amd64: /);
    expect(failed.platforms.map(({ status }: Body) => status)).toEqual(['success', 'failed']);
    await expectNothingLeft(provider, draft, build);
    expect((await provider.publish(draft.id)).status).toBe(409);
    // It may be tried again, of what compiles.
    const second = await provider.build(draft.id, [LINUX]);
    await provider.reachBuild(draft.id, second.id, 'success');
    expect((await provider.version(draft.id)).platforms).toHaveLength(1);
  });

  it.each<[string, Files, RegExp]>([
    [
      'a library',
      { 'go.mod': 'module lib\n\ngo 1.19\n', 'lib.go': 'package lib\n\nfunc X() {}\n' },
      /main package|program/,
    ],
    ['no Go at all', { 'README.md': 'hello' }, /exit status/],
    [
      'a module that is not there',
      {
        'go.mod': 'module x\n\ngo 1.19\n\nrequire example.com/missing v1.0.0\n',
        'main.go': 'package main\n\nimport _ "example.com/missing"\n\nfunc main() {}\n',
      },
      /exit status/,
    ],
  ])('of %s fails, and shows no path of the host', async (_what, files, message) => {
    const { provider, draft } = await providerOf(server, namespace, files);
    const build = await provider.build(draft.id, [LINUX]);
    const failed = await provider.reachBuild(draft.id, build.id, 'failed');
    expect(failed.error_message).toMatch(message);
    expect(failed.error_message).not.toContain(server.dataDir);
    expect(await provider.buildLog(draft.id, build.id)).not.toContain(server.dataDir);
    await expectNothingLeft(provider, draft, build);
  });

  it('of a repository whose files are links to the host does not show what is there', async () => {
    const secret = join(server.dataDir, 'secret.txt');
    writeFileSync(secret, 'plm_topsecret\n');
    const { provider, draft } = await providerOf(server, namespace, {
      'go.mod': 'module linked\n\ngo 1.19\n',
      'main.go': { link: secret },
    });
    const build = await provider.build(draft.id, [LINUX]);
    await provider.reachBuild(draft.id, build.id, 'failed');
    expect(await provider.buildLog(draft.id, build.id)).not.toContain('plm_topsecret');
  });

  it('of a repository whose go.mod takes sources from elsewhere fails and says which', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'plomada-outside-'));
    try {
      writeFileSync(join(outside, 'go.mod'), 'module example.com/outside\n\ngo 1.19\n');
      writeFileSync(join(outside, 'outside.go'), 'package outside\n\nconst Canary = "canary"\n');
      const replaced = (path: string): Files => ({
        ...sources('escaping'),
        'go.mod': [
          'module plomada.test/terraform-provider-escaping',
          'go 1.19',
          'require example.com/outside v0.0.0',
          `replace example.com/outside => ${path}`,
          '',
        ].join('\n\n'),
        'inside/go.mod': 'module example.com/outside\n\ngo 1.19\n',
      });
      for (const [path, status] of [
        [outside, 'failed'],
        ['../../elsewhere', 'failed'],
        ['./inside', 'success'],
      ] as const) {
        const { provider, draft } = await providerOf(server, namespace, replaced(path));
        const build = await provider.build(draft.id, [LINUX]);
        const ended = await provider.reachBuild(draft.id, build.id, status);
        if (status === 'failed') expect(ended.error_message).toContain(`example.com/outside => ${path}`);
        await expect(provider.buildLog(draft.id, build.id)).resolves.not.toContain('Replace');
      }
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
  });

  it('of a private repository shows its password nowhere, and needs the repository still to be known', async () => {
    const repository = await createRepository({ files: sources('private'), tags: ['v1.0.0'] });
    repositories.push(repository);
    const git = await serveRepository(repository, { password: 'open-sesame-1234' });
    try {
      const fields = { namespace, git_url: git.url, git_password: 'open-sesame-1234' };
      const provider = await ProviderDriver.create(server, fields);
      await demand(server, 'POST', `${provider.path}/sync-tags`);
      const [draft] = await demand(server, 'GET', `${provider.path}/versions`);
      const build = await provider.build(draft.id, [LINUX]);
      const done = await provider.reachBuild(draft.id, build.id, 'success');
      const log = await provider.buildLog(draft.id, build.id);
      for (const text of [log, JSON.stringify(done)]) expect(text).not.toMatch(/open-sesame/);
      await demand(server, 'PATCH', provider.path, { git_url: null });
      const answer = await server.request('POST', `${provider.versionPath(draft.id)}/builds`, { platforms: [WINDOWS] });
      expect([answer.status, answer.body.type]).toEqual([422, '/problems/no-repository']);
    } finally {
      await git.close();
    }
  });

  it('takes the commit of the tag as it was, though the tag has moved', async () => {
    const { provider, draft, repository } = await providerOf(server, namespace, sources('moved'));
    await repository.commit({ 'main.go': 'package main\n\nfunc main() { nothing }\n' });
    await repository.tag('v1.0.0');
    await demand(server, 'POST', `${provider.path}/sync-tags`);
    expect(await provider.version(draft.id)).toMatchObject({ tag_moved: true, commit_sha: draft.commit_sha });
    const build = await provider.build(draft.id, [LINUX]);
    const done = await provider.reachBuild(draft.id, build.id, 'success');
    expect(done.evidence.commit_sha).toBe(draft.commit_sha);
  });

  it('of the same commit give the same bytes, on any server', async () => {
    const files = sources('same');
    const shasums = async (on: RegistryServer, home: Body): Promise<string[]> => {
      const { provider, draft } = await providerOf(on, home, files, { name: 'same' });
      const build = await provider.build(draft.id, [LINUX]);
      await provider.reachBuild(draft.id, build.id, 'success');
      const { platforms } = await provider.version(draft.id);
      return platforms.map(({ shasum }: Body) => shasum);
    };
    const here = await shasums(server, namespace);
    const elsewhere = await startTestServer({ TZ: 'Asia/Tokyo' });
    try {
      expect(await shasums(elsewhere, await createNamespace(elsewhere))).toEqual(here);
    } finally {
      await elsewhere.stop();
    }
  });

  describe('while one is at work', () => {
    let provider: ProviderDriver;
    let draft: Body;
    let build: Body;
    let cold: Body;

    beforeEach(async () => {
      // A namespace of its own: its cache is empty, so the compiler has work for some seconds.
      cold = await createNamespace(server);
      ({ provider, draft } = await providerOf(server, cold, sources('slow')));
      build = await provider.build(draft.id, [LINUX]);
      await eventually('go is at work', () =>
        processesOf(build.id).some(({ commandLine }) => /go build|compile/.test(commandLine)),
      );
    });

    it('nothing of its version changes; it is cancelled and leaves nothing; caches are apart', async () => {
      const path = provider.versionPath(draft.id);
      const bytes = await packageBytes(provider.name, '1.0.0', WINDOWS);
      const answers = [
        await server.request('POST', `${path}/builds`, { platforms: [WINDOWS] }),
        await provider.publish(draft.id),
        await provider.upload(draft.id, bytes, WINDOWS),
        await server.request('DELETE', path),
        await server.request('DELETE', provider.path),
      ];
      expect(answers.map(({ status, body }) => [status, body?.type])).toEqual(
        answers.map(() => [409, '/problems/build-active']),
      );
      // The next one waits, and can be cancelled while it does.
      const waiting = await providerOf(server, namespace, sources('waiting'));
      const queued = await waiting.provider.build(waiting.draft.id, [LINUX]);
      expect(queued.status).toBe('queued');
      const cancelled = await server.request(
        'POST',
        `${waiting.provider.versionPath(waiting.draft.id)}/builds/${queued.id}/cancel`,
      );
      expect([cancelled.status, cancelled.body.status]).toEqual([202, 'cancelled']);

      const asked = await server.request('POST', `${path}/builds/${build.id}/cancel`);
      expect(asked.status).toBe(202);
      const ended = await provider.reachBuild(draft.id, build.id, 'cancelled');
      expect([ended.cancelled_by, ended.error_message]).toEqual([
        expect.stringContaining('plm_'),
        expect.stringContaining('ancelled by'),
      ]);
      await expectNothingLeft(provider, draft, build);
      const caches = readdirSync(join(server.dataDir, 'work', '.build-cache'));
      expect(caches).toEqual(expect.arrayContaining([namespace.id, cold.id]));
      expect((await server.request('DELETE', provider.path)).status).toBe(204);
    });

    it('its directory is not swept, however small the time that directories stay', async () => {
      const old = new Date(Date.now() - 2 * 24 * 3_600_000);
      // As after a long build: nothing was made in the directory itself for a long time.
      utimesSync(join(server.dataDir, 'work', build.id), old, old);
      const swept = await demand(server, 'POST', '/api/maintenance/sweep', {});
      expect(swept.removed).not.toContain(build.id);
      expect(existsSync(join(server.dataDir, 'work', build.id))).toBe(true);
      await demand(server, 'POST', `${provider.versionPath(draft.id)}/builds/${build.id}/cancel`);
      await provider.reachBuild(draft.id, build.id, 'cancelled');
      await expectNothingLeft(provider, draft, build);
    });
  });

  it('that is cancelled while its package is looked at is cancelled, not failed', async () => {
    const { provider, draft } = await providerOf(server, namespace, sources('late'));
    const packages = server.application.app.get(ProviderPackages);
    const take = packages.take.bind(packages);
    let cancelled = 0;
    const spy = jest.spyOn(packages, 'take').mockImplementation(async (...args) => {
      const [build] = await demand(server, 'GET', `${provider.versionPath(draft.id)}/builds`);
      const path = `${provider.versionPath(draft.id)}/builds/${build.id}/cancel`;
      cancelled = (await server.request('POST', path)).status;
      return take(...args);
    });
    try {
      const build = await provider.build(draft.id, [LINUX]);
      await provider.reachBuild(draft.id, build.id, 'cancelled');
      expect(cancelled).toBe(202);
      await expectNothingLeft(provider, draft, build);
    } finally {
      spy.mockRestore();
    }
  });

  it('of a new tag publishes by itself, all platforms or nothing', async () => {
    const { provider, draft, repository } = await providerOf(server, namespace, sources('auto'));
    expect((await demand(server, 'GET', `${provider.versionPath(draft.id)}/builds`)).length).toBe(0);
    expect((await demand(server, 'PATCH', provider.path, { build_on_tag: true })).build_on_tag).toBe(true);
    await repository.commit({ 'CHANGES.md': 'more' });
    await repository.tag('v1.1.0');
    const synced = await demand(server, 'POST', `${provider.path}/sync-tags`);
    expect(synced).toMatchObject({ tags_found: 2, tags_added: 1 });
    const fresh = (await demand(server, 'GET', `${provider.path}/versions`))[0];
    const [build] = await demand(server, 'GET', `${provider.versionPath(fresh.id)}/builds`);
    expect(build).toMatchObject({ publish: true });
    await provider.reachBuild(fresh.id, build.id, 'success');
    const published = await eventually('the publication', async () => {
      const version = await provider.version(fresh.id);
      return version.status === 'published' && version;
    });
    expect(published.platforms).toHaveLength(5);
    expect((await demand(server, 'GET', provider.path)).latest_version).toBe('1.1.0');
    const { zip, document } = await provider.fetchAll('1.1.0', LINUX);
    expect(createHash('sha256').update(zip).digest('hex')).toBe(document.shasum);

    await repository.commit({ 'broken_windows.go': 'package main\n\nvar x = missing\n' });
    await repository.tag('v1.2.0');
    await demand(server, 'POST', `${provider.path}/sync-tags`);
    const broken = (await demand(server, 'GET', `${provider.path}/versions`))[0];
    const [failing] = await demand(server, 'GET', `${provider.versionPath(broken.id)}/builds`);
    await provider.reachBuild(broken.id, failing.id, 'failed');
    expect(await provider.version(broken.id)).toMatchObject({ version: '1.2.0', status: 'draft', platforms: [] });
  });

  it('leaves no directory of a build behind', () => {
    const work = join(server.dataDir, 'work');
    expect(readdirSync(work).filter((name) => /^[0-9a-f-]{36}$/.test(name))).toEqual([]);
  });

  // The last ones: one of them takes the compiler's cache over.
  describe('and the death of the server', () => {
    let dataDir: string;
    let killed: ServerProcess;
    const env = { BUILD_GOPROXY: 'off', SYNC_INTERVAL_MINUTES: '0' };
    const served = (): RegistryServer => {
      const { url, adminKey } = killed;
      return {
        url,
        adminKey,
        request: (method, path, body, key = adminKey) => sendRequest(url, method, path, body, key),
      };
    };

    beforeAll(async () => {
      dataDir = mkdtempSync(join(tmpdir(), 'plomada-builds-'));
      killed = await startServerProcess(dataDir, env);
    });
    afterAll(async () => {
      await killed.kill('SIGKILL');
      for (const { pid } of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
      rmSync(dataDir, { recursive: true, force: true });
    });
    const restart = async (provider: ProviderDriver, signal: NodeJS.Signals = 'SIGKILL'): Promise<ProviderDriver> => {
      const code = await killed.kill(signal);
      if (signal === 'SIGTERM') expect(code).toBe(0);
      killed = await startServerProcess(dataDir, env);
      return provider.on(served());
    };

    it.each(['SIGKILL', 'SIGTERM'] as const)(
      '%s: it begins anew, and nothing of the first attempt goes on',
      async (signal) => {
        const made = await providerOf(served(), await createNamespace(served()), sources('killed'));
        const build = await made.provider.build(made.draft.id, [LINUX]);
        const compilers = await eventually('go is at work', () => {
          const found = processesOf(build.id).filter(({ commandLine }) => /go build|compile/.test(commandLine));
          return found.length > 0 && found;
        });
        const provider = await restart(made.provider, signal);
        const done = await provider.reachBuild(made.draft.id, build.id, 'success');
        expect(done.platforms).toEqual([{ ...LINUX, status: 'success' }]);
        const log = await provider.buildLog(made.draft.id, build.id);
        expect(log).toContain('The server was restarted; the build begins anew.');
        expect(log.split('[plomada] Building for linux/amd64.')).toHaveLength(3);
        expect((await provider.version(made.draft.id)).platforms).toHaveLength(1);
        await eventually('all are gone', () => processesOf(build.id).length === 0);
        for (const { pid } of compilers) expect(existsSync(`/proc/${pid}`)).toBe(false);
        await eventually('its directory is gone', () => !existsSync(join(dataDir, 'work', build.id)));
        expect(
          (await provider.upload(made.draft.id, await packageBytes(provider.name, '1.0.0', WINDOWS), WINDOWS)).status,
        ).toBe(201);
      },
    );

    it('is not tried for ever when it takes the server down with it, and can be cancelled right after a start', async () => {
      const made = await providerOf(served(), await createNamespace(served()), sources('deadly'));
      let { provider } = made;
      const build = await provider.build(made.draft.id, [LINUX]);
      for (let attempt = 1; attempt <= 3; attempt++) {
        // Go goes on for a moment after the server has died: what counts is how often the server began.
        await eventually('go is at work once more', async () => {
          const log = await provider.buildLog(made.draft.id, build.id);
          return log.split('[plomada] Building for linux/amd64.').length === attempt + 1;
        });
        provider = await restart(provider);
      }
      const failed = await provider.reachBuild(made.draft.id, build.id, 'failed');
      expect(failed.error_message).toContain('3 times');
      await eventually('all are gone', () => processesOf(build.id).length === 0);
      expect((await provider.version(made.draft.id)).platforms).toEqual([]);

      const second = await provider.build(made.draft.id, [LINUX]);
      await eventually(
        'it is at work',
        async () => (await provider.getBuild(made.draft.id, second.id)).status !== 'queued',
      );
      provider = await restart(provider);
      const path = `${provider.versionPath(made.draft.id)}/builds/${second.id}/cancel`;
      expect((await provider.server.request('POST', path)).status).toBe(202);
      await provider.reachBuild(made.draft.id, second.id, 'cancelled');
      await eventually('all are gone', () => processesOf(second.id).length === 0);
    });

    it('that is to be published is published after a restart, though it was built already', async () => {
      // Without a key, the publication takes as long as one is made: long enough to be killed in it.
      const home = await createNamespace(served());
      const cacheOf = (data: string, id: string): string => join(data, 'work', '.build-cache', id);
      cpSync(cacheOf(server.dataDir, namespace.id), cacheOf(dataDir, home.id), { recursive: true });
      const repository = await createRepository({ files: sources('torn'), tags: ['v1.0.0'] });
      repositories.push(repository);
      const fields = { namespace: home, git_url: repository.url, build_on_tag: true };
      let provider = await ProviderDriver.create(served(), fields);
      const draft = await eventually(
        'the draft',
        async () => (await demand(served(), 'GET', `${provider.path}/versions`))[0],
      );
      const [build] = await demand(served(), 'GET', `${provider.versionPath(draft.id)}/builds`);
      await provider.reachBuild(draft.id, build.id, 'success');
      const wasPublished = (await provider.version(draft.id)).status === 'published';
      provider = await restart(provider);
      if (wasPublished) console.warn('The publication was faster than the kill: nothing was shown this time.');
      await eventually(
        'the publication',
        async () => (await provider.version(draft.id)).status === 'published',
        15_000,
      );
    });
  });
});
