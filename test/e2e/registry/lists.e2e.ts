import { tarGz } from '../../support/archive-builders';
import { createRepository, serveRepository } from '../../support/git-fixture';
import { ModuleDriver, SMALL_MODULE } from '../../support/module-driver';
import { createSigningNamespace, demand, ProviderDriver } from '../../support/provider-driver';
import { startTestServer, type TestServer } from '../../support/test-server';

describe('lists of the registry', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** Follows the pages of a list. */
  async function pagesOf(path: string, limit: number): Promise<unknown[][]> {
    const pages: unknown[][] = [];
    let next: string | null = `${path}?limit=${limit}`;
    while (next !== null) {
      const answer = await server.request('GET', next);
      expect(answer.status).toBe(200);
      pages.push(answer.body);
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
    }
    return pages;
  }

  async function expectRefusals(path: string): Promise<void> {
    for (const query of ['limit=500', 'limit=0', 'cursor=zzz', 'foo=1']) {
      expect((await server.request('GET', `${path}?${query}`)).status).toBe(400);
    }
  }

  it('give versions of modules in pages, highest first, each once', async () => {
    const module = await ModuleDriver.create(server);
    const archive = tarGz([{ name: 'main.tf', content: '' }]);
    const numbers = ['1.10.0', '1.9.0', '1.2.0', '1.2.0-rc.1', '0.1.0'];
    for (const number of numbers.toReversed()) await module.publish(number, archive);
    const pages = (await pagesOf(`${module.path}/versions`, 2)) as { version: string }[][];
    expect(pages.map((page) => page.map(({ version }) => version))).toEqual([
      ['1.10.0', '1.9.0'],
      ['1.2.0', '1.2.0-rc.1'],
      ['0.1.0'],
    ]);
    await expectRefusals(`${module.path}/versions`);
  });

  it('give versions of providers, builds and signing keys in pages', async () => {
    const namespace = await createSigningNamespace(server);
    const provider = await ProviderDriver.create(server, { namespace });
    for (const number of ['1.0.0', '1.1.0', '1.2.0']) await provider.draft(number);
    const pages = (await pagesOf(`${provider.path}/versions`, 2)) as { version: string }[][];
    expect(pages.flat().map(({ version }) => version)).toEqual(['1.2.0', '1.1.0', '1.0.0']);
    const keysPath = `/api/namespaces/${namespace.id}/signing-keys`;
    for (let more = 0; more < 2; more++) await demand(server, 'POST', keysPath, {});
    const keys = (await pagesOf(keysPath, 1)) as { id: string; created_at: string }[][];
    expect(new Set(keys.flat().map(({ id }) => id)).size).toBe(3);
    const times = keys.flat().map(({ created_at: at }) => at);
    expect(times).toEqual(times.toSorted().toReversed());
    await expectRefusals(`${provider.path}/versions`);
    await expectRefusals(keysPath);
    const [draft] = await demand(server, 'GET', `${provider.path}/versions`);
    await expectRefusals(`${provider.path}/versions/${draft.id}/builds`);
  });

  it('of tags ask the Git server once for all who look at the same time', async () => {
    const repository = await createRepository({ files: SMALL_MODULE, tags: ['v1.0.0', 'v1.1.0', 'v1.2.0'] });
    let requests = 0;
    const git = await serveRepository(repository, { beforeAnswer: () => Promise.resolve(void requests++) });
    try {
      const module = await ModuleDriver.create(server, { git_url: git.url });
      await module.synced();
      await expectRefusals(`${module.path}/git-tags`);
      const before = requests;
      await demand(server, 'GET', `${module.path}/git-tags`);
      const each = requests - before;
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => server.request('GET', `${module.path}/git-tags?limit=2`)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
      expect(answers[0]!.body.map(({ name }: { name: string }) => name)).toEqual(['v1.0.0', 'v1.1.0']);
      // Those that come after the first answer may ask once more.
      expect(requests - before).toBeLessThan(each * 10);
      const pages = (await pagesOf(`${module.path}/git-tags`, 2)) as { name: string }[][];
      expect(pages.flat().map(({ name }) => name)).toEqual(['v1.0.0', 'v1.1.0', 'v1.2.0']);
    } finally {
      await git.close();
      await repository.remove();
    }
  });
});
