import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRepository, type GitRepository } from '../../support/git-fixture';
import { goProviderFiles } from '../../support/go-provider';
import { demand, ProviderDriver } from '../../support/provider-driver';
import { eventually } from '../../support/eventually';
import { startTestServer, type TestServer } from '../../support/test-server';

describe('builds where there is no Go', () => {
  let directory: string;
  let server: TestServer;
  let repository: GitRepository;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'plomada-nogo-'));
    // A runner with a PATH on which there is node alone.
    mkdirSync(join(directory, 'bin'));
    symlinkSync(process.execPath, join(directory, 'bin', 'node'));
    const runner = join(__dirname, '..', '..', '..', 'dist', 'runner', 'iac-runner.js');
    const command = ['/usr/bin/env', `PATH=${join(directory, 'bin')}`, process.execPath, runner];
    server = await startTestServer({ RUNNER_COMMAND: JSON.stringify(command) });
    repository = await createRepository({ files: goProviderFiles('nogo'), tags: ['v1.0.0'] });
  });
  afterAll(async () => {
    await server.stop();
    await repository.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  it('fail and say what to do; nothing of them is in the version', async () => {
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    await demand(server, 'POST', `${provider.path}/sync-tags`);
    const [draft] = await demand(server, 'GET', `${provider.path}/versions`);
    const build = await provider.build(draft.id);
    const failed = await provider.reachBuild(draft.id, build.id, 'failed');
    expect(failed.error_message).toContain('Go toolchain not found on the runner');
    expect(failed.error_message).toContain('install Go');
    expect(failed).toMatchObject({ go_version: null, evidence: null, commit_sha: draft.commit_sha });
    expect(await provider.buildLog(draft.id, build.id)).toContain('Go toolchain not found on the runner');
    expect((await provider.version(draft.id)).platforms).toEqual([]);
    await eventually('its directory is gone', () => !existsSync(join(server.dataDir, 'work', build.id)));
    // The next attempt is a build of its own.
    const second = await provider.build(draft.id);
    await provider.reachBuild(draft.id, second.id, 'failed');
    const builds = await demand(server, 'GET', `${provider.versionPath(draft.id)}/builds`);
    expect(builds.map(({ id }: { id: string }) => id)).toEqual([second.id, build.id]);
  });

  it('of a new tag leave a draft', async () => {
    const provider = await ProviderDriver.create(server, { git_url: repository.url, build_on_tag: true });
    const draft = await eventually(
      'the draft',
      async () => (await demand(server, 'GET', `${provider.path}/versions`))[0],
    );
    const [build] = await demand(server, 'GET', `${provider.versionPath(draft.id)}/builds`);
    await provider.reachBuild(draft.id, build.id, 'failed');
    expect(await provider.version(draft.id)).toMatchObject({ status: 'draft', platforms: [] });
  });
});
