import { eventually } from '../../support/eventually';
import { createRepository, type Files, type GitRepository, serveRepository } from '../../support/git-fixture';
import { type Body, createNamespace, demand, packageBytes, ProviderDriver } from '../../support/provider-driver';
import { startTestServer, type TestServer } from '../../support/test-server';

const manifest = (protocols: unknown): Files => ({
  'terraform-registry-manifest.json': JSON.stringify({ version: 1, metadata: { protocol_versions: protocols } }),
});

let server: TestServer;
const repositories: GitRepository[] = [];

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.stop();
  for (const repository of repositories) await repository.remove();
});

const repositoryOf = async (...content: Parameters<typeof createRepository>): Promise<GitRepository> => {
  const repository = await createRepository(...content);
  repositories.push(repository);
  return repository;
};
const versionsOf = (provider: ProviderDriver): Promise<Body[]> => demand(server, 'GET', `${provider.path}/versions`);
const sync = (provider: ProviderDriver): Promise<Body> => demand(server, 'POST', `${provider.path}/sync-tags`);

describe('tags of a repository', () => {
  it('become drafts with their commit, at once, and nobody is served them', async () => {
    const repository = await repositoryOf({ files: { 'README.md': '# Weather\n' }, tags: ['v1.0.0', 'nightly'] });
    const first = await repository.sha('v1.0.0');
    await repository.commit({ 'a.go': 'package a' });
    await repository.tag('v1.1.0', { annotated: true });
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    await eventually('the sync', async () => (await demand(server, 'GET', provider.path)).synced);
    const versions = await versionsOf(provider);
    expect(versions).toMatchObject([
      { version: '1.1.0', git_tag: 'v1.1.0', commit_sha: await repository.sha('main'), status: 'draft' },
      { version: '1.0.0', git_tag: 'v1.0.0', commit_sha: first, status: 'draft', tag_moved: false },
    ]);
    expect(await demand(server, 'GET', provider.path)).toMatchObject({ latest_version: null, sync_error: null });
    expect((await server.request('GET', `${provider.registryPath}/versions`)).body.versions).toEqual([]);
    expect(await demand(server, 'GET', `${provider.path}/git-tags`)).toHaveLength(2);
    const again = await sync(provider);
    expect(again).toMatchObject({ tags_found: 3, tags_added: 0 });
    expect(again.tags_skipped).toEqual([{ tag: 'nightly', reason: expect.any(String) }]);
    const readme = await demand(server, 'GET', `${provider.path}/readme?version=1.0.0`);
    expect(readme).toEqual({ version: '1.0.0', content: '# Weather\n' });
    expect((await server.request('GET', `${provider.path}/readme?version=9.0.0`)).status).toBe(404);
  });

  it.each<[string, Files, string[]]>([
    ['of a manifest', manifest(['6.0']), ['6.0']],
    ['both of a manifest', manifest(['5.0', '6.0']), ['5.0', '6.0']],
    ['no manifest', { 'README.md': 'x' }, ['5.0']],
    ['a broken manifest', { 'terraform-registry-manifest.json': '{' }, ['5.0']],
    ['an unknown protocol', manifest(['7.0']), ['5.0']],
    ['numbers', manifest([6.0]), ['5.0']],
    ['a manifest that is a link to the host', { 'terraform-registry-manifest.json': { link: '/etc/passwd' } }, ['5.0']],
    ['a manifest that is null', { 'terraform-registry-manifest.json': 'null' }, ['5.0']],
  ])('protocols: %s', async (_what, files, protocols) => {
    const repository = await repositoryOf({ files, tags: ['v1.0.0'] });
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    await sync(provider);
    expect((await versionsOf(provider))[0]).toMatchObject({ version: '1.0.0', protocols });
  });

  it('with a prefix', async () => {
    const repository = await repositoryOf({ files: { a: 'a' }, tags: ['weather/v1.0.0', 'v2.0.0', 'weather/3.0.0'] });
    const provider = await ProviderDriver.create(server, { git_url: repository.url, tag_prefix: 'weather/' });
    await sync(provider);
    expect((await versionsOf(provider)).map(({ version }) => version)).toEqual(['3.0.0', '1.0.0']);
  });

  it('that move are told of; draft and publication stay at their commit', async () => {
    const repository = await repositoryOf({ files: { a: 'a' }, tags: ['v1.0.0', 'v2.0.0'] });
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    await sync(provider);
    const [second, first] = await versionsOf(provider);
    await provider.upload(first.id, await packageBytes(provider.name, '1.0.0'));
    expect((await provider.publish(first.id)).status).toBe(200);
    const before = await provider.fetchAll('1.0.0');
    const moved = await repository.commit({ a: 'b' });
    await repository.tag('v1.0.0');
    await repository.tag('v2.0.0');
    const result = await sync(provider);
    expect(result.tags_added).toBe(0);
    expect(result.tags_skipped).toEqual(
      ['v1.0.0', 'v2.0.0'].map((tag) => ({ tag, reason: expect.stringContaining(moved) })),
    );
    expect(await versionsOf(provider)).toMatchObject([
      { id: second.id, commit_sha: second.commit_sha, tag_moved: true },
      { id: first.id, commit_sha: first.commit_sha, tag_moved: true, status: 'published' },
    ]);
    const after = await provider.fetchAll('1.0.0');
    expect([after.zip, after.shasums, after.signature]).toEqual([before.zip, before.shasums, before.signature]);
    // It moves back: nothing is moved any more.
    await repository.tag('v1.0.0', { at: first.commit_sha });
    await sync(provider);
    expect(await provider.version(first.id)).toMatchObject({ tag_moved: false });
  });

  it('of a version that was deleted are passed over, until it is made by hand', async () => {
    const repository = await repositoryOf({ files: { a: 'a' }, tags: ['v1.0.0'] });
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    await sync(provider);
    const [draft] = await versionsOf(provider);
    await demand(server, 'DELETE', provider.versionPath(draft.id));
    expect(await sync(provider)).toMatchObject({ tags_added: 0, tags_skipped: [{ tag: 'v1.0.0' }] });
    expect(await versionsOf(provider)).toEqual([]);
  });

  it('of a version that was uploaded are its business no more', async () => {
    const repository = await repositoryOf({ files: { a: 'a' } });
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    const draft = await provider.draft('1.0.0');
    await repository.tag('v1.0.0');
    expect(await sync(provider)).toMatchObject({ tags_added: 0, tags_skipped: [{ tag: 'v1.0.0' }] });
    expect(await provider.version(draft.id)).toMatchObject({ git_tag: null, commit_sha: null });
  });

  it('two syncs at once make each draft once', async () => {
    const repository = await repositoryOf({ files: { a: 'a' }, tags: ['v1.0.0', 'v1.1.0', 'v1.2.0'] });
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    await Promise.all([sync(provider), sync(provider), sync(provider)]);
    expect(await versionsOf(provider)).toHaveLength(3);
  });

  it('a repository that cannot be read is an error that is told, without secrets', async () => {
    const repository = await repositoryOf({ files: { a: 'a' }, tags: ['v1.0.0'] });
    const git = await serveRepository(repository, { password: 'open sesame' });
    try {
      const provider = await ProviderDriver.create(server, { git_url: git.url, git_password: 'wrong-password' });
      const failed = await server.request('POST', `${provider.path}/sync-tags`);
      expect(failed.status).toBeGreaterThanOrEqual(400);
      expect(failed.status).toBeLessThan(500);
      const shown = await server.request('GET', provider.path);
      expect(shown.body).toMatchObject({ synced: false, sync_error: expect.any(String) });
      for (const { text } of [failed, shown]) expect(text).not.toContain('wrong-password');
      const fixed = await server.request('PATCH', provider.path, { git_password: 'open sesame' });
      expect(fixed.text).not.toContain('sesame');
      await eventually('the sync', async () => (await demand(server, 'GET', provider.path)).synced);
      expect(await versionsOf(provider)).toHaveLength(1);
    } finally {
      await git.close();
    }
  });

  it('a webhook has them looked at; its address holds a token that is not shown to readers of the database', async () => {
    const repository = await repositoryOf({ files: { a: 'a' } });
    const provider = await ProviderDriver.create(server, { git_url: repository.url });
    await sync(provider);
    const { url } = await demand(server, 'POST', `${provider.path}/webhook`);
    await repository.tag('v1.0.0');
    const path = new URL(url).pathname;
    const push = { ref: 'refs/tags/v1.0.0', created: true };
    expect((await server.request('POST', path, push, null)).status).toBe(202);
    await eventually('the draft', async () => (await versionsOf(provider)).length === 1);
    expect((await server.request('POST', `${path.slice(0, -1)}x`, push, null)).status).toBe(404);
  });

  it('another repository for a provider with publications leaves them', async () => {
    const [one, two] = [
      await repositoryOf({ files: { a: 'a' }, tags: ['v1.0.0'] }),
      await repositoryOf({ files: { b: 'b' }, tags: ['v1.0.0', 'v2.0.0'] }),
    ];
    const provider = await ProviderDriver.create(server, {
      namespace: await createNamespace(server),
      git_url: one.url,
    });
    await sync(provider);
    const [first] = await versionsOf(provider);
    await demand(server, 'PATCH', provider.path, { git_url: two.url });
    await sync(provider);
    expect(await versionsOf(provider)).toMatchObject([
      { version: '2.0.0' },
      { id: first.id, version: '1.0.0', commit_sha: first.commit_sha, tag_moved: true },
    ]);
  });
});
