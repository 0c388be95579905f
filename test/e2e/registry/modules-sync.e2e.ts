import { gunzipSync } from 'node:zlib';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TagSync } from '../../../src/sources';
import { eventually } from '../../support/eventually';
import { createRepository, type GitRepository, type GitServer, serveRepository } from '../../support/git-fixture';
import { expectNoLeftovers, ModuleDriver, send, sha256, SMALL_MODULE } from '../../support/module-driver';
import { MovedClock } from '../../support/moved-clock';
import { type TestServer, startTestServer } from '../../support/test-server';

const PASSWORD = 'c4nary-Of-Git/Password+1';

let server: TestServer;
let clock: MovedClock;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startTestServer({ GIT_TIMEOUT_SECONDS: '6' });
  clock = new MovedClock(server);
});
afterAll(async () => {
  await server.stop();
  for (const close of closing) await close();
});
afterEach(() => clock.reset());

const repositoryWith = async (tags: string[], files = {}): Promise<GitRepository> => {
  const repository = await createRepository({ files: { ...SMALL_MODULE, ...files }, tags });
  closing.push(() => repository.remove());
  return repository;
};
const serve = async (
  repository: GitRepository,
  options: Parameters<typeof serveRepository>[1] = {},
): Promise<GitServer> => {
  const served = await serveRepository(repository, options);
  closing.push(() => served.close());
  return served;
};
/** A module whose tags were looked at once. */
const syncedModule = async (fields: Record<string, unknown>): Promise<ModuleDriver> => {
  const module = await ModuleDriver.create(server, fields);
  await module.synced();
  return module;
};

describe('tags become versions', () => {
  it('on creation, highest first, with what did not fit', async () => {
    const repository = await repositoryWith(['v1.0.0', '1.1.0', 'v1.10.0', 'v2.0.0-rc.1', 'latest', 'v1', 'v01.0.0']);
    const head = await repository.sha('main');
    const module = await ModuleDriver.create(server, { git_url: repository.url });
    const done = await module.synced();
    expect(done).toMatchObject({ synced: true, sync_error: null, latest_version: '1.10.0' });
    expect(await module.numbers()).toEqual(['2.0.0-rc.1', '1.10.0', '1.1.0', '1.0.0']);
    expect(await module.version('1.0.0')).toMatchObject({
      module_id: module.id,
      git_tag: 'v1.0.0',
      commit_sha: head,
      tag_moved: false,
      enabled: true,
      deprecated: null,
      downloads: 0,
    });
    const again = await module.sync();
    expect(again.status).toBe(200);
    expect(again.body.tags_found).toBe(7);
    expect(again.body.tags_added).toBe(0);
    expect(again.body.tags_skipped.map(({ tag }: { tag: string }) => tag).sort()).toEqual(['latest', 'v01.0.0', 'v1']);
    for (const { reason } of again.body.tags_skipped) expect(reason).toMatch(/semantic version/);
    const tags = await module.request('GET', '/git-tags');
    expect(tags.body).toContainEqual({ name: 'v1.10.0', version: '1.10.0', commit_sha: head });
    expect(tags.body).toHaveLength(4);
    const archive = await module.download('1.10.0');
    expect(sha256(archive)).toBe((await module.version('1.10.0')).sha256);
  });

  it('on demand, of annotated tags and of the commit that each names', async () => {
    const repository = await repositoryWith(['v1.0.0']);
    const module = await syncedModule({ git_url: repository.url });
    const second = await repository.commit({ 'second.tf': '# second\n' });
    await repository.tag('v1.1.0', { annotated: true });
    await repository.commit({ 'third.tf': '# third\n' });
    expect((await module.sync()).body).toMatchObject({ tags_added: 1, tags_skipped: [] });
    expect(await module.version('1.1.0')).toMatchObject({ git_tag: 'v1.1.0', commit_sha: second });
  });

  it('by schedule when they are due, and not before', async () => {
    const repository = await repositoryWith(['v1.0.0']);
    const module = await syncedModule({ git_url: repository.url });
    const { last_synced_at: first } = await module.get();
    await repository.tag('v1.1.0');
    const sync = server.application.app.get(TagSync);
    await sync.requestDue(new Date(Date.now() + 14 * 60_000));
    await module.request('GET', '/git-tags');
    expect(await module.get()).toMatchObject({ last_synced_at: first, latest_version: '1.0.0' });
    await sync.requestDue(new Date(Date.now() + 16 * 60_000));
    expect(await module.synced(first)).toMatchObject({ latest_version: '1.1.0', sync_error: null });
  });

  it('of a folder and behind a prefix', async () => {
    const repository = await repositoryWith(['net/v1.0.0', 'net/1.2.0', 'dns/v9.0.0', 'v8.0.0'], {
      'modules/net/main.tf': 'output "place" {\n  value = "net"\n}\n',
      'modules/net/README.md': '# The net\n',
    });
    const module = await syncedModule({
      git_url: repository.url,
      subdir: '/modules//net/./'.slice(1),
      tag_prefix: 'net/',
    });
    expect(await module.numbers()).toEqual(['1.2.0', '1.0.0']);
    expect(await module.get()).toMatchObject({ subdir: 'modules/net', tag_prefix: 'net/' });
    expect((await module.request('GET', '/readme')).body).toEqual({ version: '1.2.0', content: '# The net\n' });
    const { tags_skipped: skipped } = (await module.sync()).body;
    expect(skipped.map(({ tag }: { tag: string }) => tag).sort()).toEqual(['dns/v9.0.0', 'v8.0.0']);
  });

  it('a folder that is not there, or has no module: a visible error, cured by naming another', async () => {
    const repository = await repositoryWith(['v1.0.0'], { 'right/main.tf': SMALL_MODULE['main.tf'], 'docs/x.md': 'x' });
    const module = await syncedModule({ git_url: repository.url, subdir: 'wrong' });
    expect(await module.get()).toMatchObject({ synced: false, latest_version: null });
    expect((await module.get()).sync_error).toMatch(/v1\.0\.0/);
    const { last_synced_at: first } = await module.get();
    expect((await module.request('PATCH', '', { subdir: 'docs' })).status).toBe(200);
    expect((await module.synced(first)).sync_error).toMatch(/no Terraform files/);
    const { last_synced_at: second } = await module.get();
    expect((await module.request('PUT', '', { subdir: 'right' })).status).toBe(200);
    expect(await module.synced(second)).toMatchObject({ synced: true, sync_error: null, latest_version: '1.0.0' });
    await expectNoLeftovers(server.dataDir);
  });

  it('one bad tag keeps no other from being published', async () => {
    const repository = await repositoryWith(['v1.0.0']);
    await repository.commit({ 'leak.tf': { link: '/etc/passwd' } });
    await repository.tag('v1.1.0');
    await repository.commit({ 'leak.tf': { link: '../../outside' } });
    await repository.tag('v1.2.0');
    await repository.commit({ 'leak.tf': null });
    await repository.tag('v1.3.0');
    const module = await syncedModule({ git_url: repository.url });
    expect(await module.numbers()).toEqual(['1.3.0', '1.0.0']);
    const { synced, sync_error: error } = await module.get();
    expect(synced).toBe(false);
    expect(error).toMatch(/v1\.1\.0: .*leak\.tf.* leaves the module/);
    expect(error).toMatch(/v1\.2\.0: .*leak\.tf.* leaves the module/);
    expect(error).not.toContain(server.dataDir);
    await expectNoLeftovers(server.dataDir);
  });

  it('of two tags for one version one counts, and the other is told', async () => {
    const repository = await repositoryWith(['1.0.0', 'v1.0.0']);
    const module = await syncedModule({ git_url: repository.url });
    expect(await module.version('1.0.0')).toMatchObject({ git_tag: '1.0.0' });
    expect((await module.sync()).body.tags_skipped).toEqual([
      { tag: 'v1.0.0', reason: expect.stringContaining('the tag 1.0.0') },
    ]);
  });

  it('a version that was uploaded stays what it is', async () => {
    const repository = await repositoryWith(['v1.0.0']);
    const module = await syncedModule({ git_url: repository.url });
    const { sha256: uploaded } = await module.publish('1.5.0', Buffer.from(await module.download('1.0.0')));
    await repository.commit({ 'other.tf': '# other\n' });
    await repository.tag('v1.5.0');
    expect((await module.sync()).body.tags_skipped).toEqual([
      { tag: 'v1.5.0', reason: expect.stringContaining('uploaded') },
    ]);
    expect(await module.version('1.5.0')).toMatchObject({ git_tag: null, commit_sha: null, sha256: uploaded });
  });
});

describe('a tag that moves', () => {
  it('changes nothing of what was published, and is told until it moves back', async () => {
    const repository = await repositoryWith(['v1.0.0']);
    const module = await syncedModule({ git_url: repository.url });
    const before = await module.version('1.0.0');
    const archive = await module.download('1.0.0');
    const now = await repository.commit({ 'evil.tf': '# another content\n' });
    await repository.git('update-ref', 'refs/tags/v1.0.0', now);
    const result = (await module.sync()).body;
    expect(result.tags_added).toBe(0);
    expect(JSON.stringify(result.tags_skipped)).toContain(`moved from ${before.commit_sha} to ${now}`);
    expect(await module.version('1.0.0')).toMatchObject({
      tag_moved: true,
      commit_sha: before.commit_sha,
      sha256: before.sha256,
    });
    expect((await module.download('1.0.0')).equals(archive)).toBe(true);
    expect(await module.get()).toMatchObject({ synced: true, sync_error: null });

    await repository.git('update-ref', 'refs/tags/v1.0.0', before.commit_sha);
    expect((await module.sync()).body.tags_skipped).toEqual([]);
    expect(await module.version('1.0.0')).toMatchObject({ tag_moved: false });

    await repository.git('tag', '-d', 'v1.0.0');
    expect((await module.sync()).body).toMatchObject({ tags_found: 0, tags_added: 0 });
    expect((await module.download('1.0.0')).equals(archive)).toBe(true);
  });
});

describe('a version that was deleted', () => {
  const deleted = async (module: ModuleDriver, number: string): Promise<void> => {
    const { id } = await module.version(number);
    expect((await module.request('DELETE', `/versions/${id}`)).status).toBe(204);
  };

  it('stays deleted through every sync, until somebody publishes it by name', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0']);
    const module = await syncedModule({ git_url: repository.url });
    const url = await module.link('1.0.0');
    await deleted(module, '1.0.0');
    expect((await fetch(`${server.url}${url}`)).status).toBe(404);
    expect((await module.sync()).body.tags_skipped).toEqual([
      { tag: 'v1.0.0', reason: expect.stringContaining('deleted') },
    ]);
    expect(await module.numbers()).toEqual(['1.1.0']);
    expect(await module.get()).toMatchObject({ synced: true, sync_error: null });
    const moved = await repository.commit({ 'later.tf': '# later\n' });
    await repository.git('update-ref', 'refs/tags/v1.0.0', moved);
    await module.sync();
    expect(await module.numbers()).toEqual(['1.1.0']);

    const { last_synced_at: before } = await module.get();
    await module.request('PATCH', '', { description: 'another' });
    await server.application.app.get(TagSync).requestDue(new Date(Date.now() + 16 * 60_000));
    await module.synced(before);
    expect(await module.numbers()).toEqual(['1.1.0']);

    const published = await module.request('POST', '/versions', { version: '1.0.0' });
    expect({ status: published.status, body: published.body }).toMatchObject({
      status: 201,
      body: { git_tag: 'v1.0.0', commit_sha: moved },
    });
    expect((await module.sync()).body.tags_skipped).toEqual([]);
  });

  it('stays deleted when the folder of the module changes', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0'], { 'sub/main.tf': SMALL_MODULE['main.tf'] });
    const module = await syncedModule({ git_url: repository.url });
    await deleted(module, '1.0.0');
    const { last_synced_at: before } = await module.get();
    await module.request('PATCH', '', { subdir: 'sub' });
    await module.synced(before);
    expect(await module.numbers()).toEqual(['1.1.0']);
  });

  it('stays deleted when its tag was away for a while', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0']);
    const module = await syncedModule({ git_url: repository.url });
    await deleted(module, '1.0.0');
    await repository.git('tag', '-d', 'v1.0.0');
    await module.sync();
    await repository.tag('v1.0.0');
    await module.sync();
    expect(await module.numbers()).toEqual(['1.1.0']);
  });

  it('stays deleted when another tag stands for the same version', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0']);
    const module = await syncedModule({ git_url: repository.url });
    await deleted(module, '1.0.0');
    await repository.tag('1.0.0');
    await module.sync();
    expect(await module.numbers()).toEqual(['1.1.0']);
  });

  it('stays deleted when it was deleted in the middle of a sync', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0']);
    let module: ModuleDriver | null = null;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let isHeld = false;
    const git = await serve(repository, {
      beforeAnswer: async () => {
        if (module === null || !(await module.numbers()).includes('1.0.0')) return;
        isHeld = true;
        await gate;
      },
    });
    module = await ModuleDriver.create(server, { git_url: git.url });
    await eventually('the sync to be at the second tag', () => isHeld);
    await deleted(module, '1.0.0');
    open();
    await module.synced();
    await module.sync();
    expect(await module.numbers()).toEqual(['1.1.0']);
  });
});

describe('a change in the middle of a sync', () => {
  /** A Git server that holds its answers from the moment it is told to. */
  const held = async (repository: GitRepository) => {
    const door = { isClosed: false, waiting: 0, open: (): void => undefined };
    const opened = new Promise<void>((resolve) => (door.open = resolve));
    const git = await serve(repository, {
      beforeAnswer: async () => {
        if (!door.isClosed) return;
        door.waiting += 1;
        await opened;
      },
    });
    return { git, door };
  };
  const opened = (door: { isClosed: boolean; open: () => void }): void => {
    door.isClosed = false;
    door.open();
  };

  it('a version deleted while the Git server is asked for its tags stays deleted', async () => {
    const { git, door } = await held(await repositoryWith(['v1.0.0', 'v1.1.0']));
    const module = await syncedModule({ git_url: git.url });
    door.isClosed = true;
    const sync = module.sync();
    await eventually('the sync to ask', () => door.waiting > 0);
    const { id } = await module.version('1.1.0');
    expect((await module.request('DELETE', `/versions/${id}`)).status).toBe(204);
    opened(door);
    expect((await sync).body.tags_added).toBe(0);
    expect(await module.numbers()).toEqual(['1.0.0']);
  });

  it('another folder or prefix: nothing of the old listing is published from the new place', async () => {
    const numbers = [1, 2, 3, 4, 5];
    const repository = await repositoryWith(
      numbers.flatMap((number) => [`a-1.0.${number}`, `b-1.0.${number}`]),
      { 'a/main.tf': '# a\n', 'b/main.tf': '# b\n' },
    );
    const { git, door } = await held(repository);
    const module = await ModuleDriver.create(server, { git_url: git.url, subdir: 'a', tag_prefix: 'a-' });
    await eventually('the first version', async () => {
      const found = (await module.numbers()).length > 0;
      if (found) door.isClosed = true;
      return found;
    });
    const isBusy = (await module.get()).last_synced_at === null;
    expect((await module.request('PATCH', '', { subdir: 'b', tag_prefix: 'b-' })).status).toBe(200);
    const before = (await module.get()).last_synced_at;
    opened(door);
    await module.synced(before);
    await module.sync();
    for (const { version, git_tag } of await module.versions()) {
      const folder = (git_tag as string).slice(0, 1);
      const text = gunzipSync(await module.download(version)).toString('utf8');
      expect(text).toContain(`# ${folder}`);
      expect(text).not.toContain(`# ${folder === 'a' ? 'b' : 'a'}`);
    }
    expect(await module.numbers()).toHaveLength(5);
    if (isBusy) expect((await module.versions()).some(({ git_tag }) => git_tag.startsWith('b-'))).toBe(true);
  });

  it('a Git server that hangs holds up neither a change nor a deletion', async () => {
    const { git, door } = await held(await repositoryWith(['v1.0.0']));
    const module = await syncedModule({ git_url: git.url });
    const gone = await syncedModule({ git_url: git.url });
    door.isClosed = true;
    const sync = module.sync();
    await eventually('the sync to ask', () => door.waiting > 0);
    expect((await module.request('PATCH', '', { git_username: 'somebody' })).status).toBe(200);
    expect((await gone.request('DELETE', '')).status).toBe(204);
    opened(door);
    await sync;
  });
});

describe('a version by name', () => {
  it('by tag or number; 409 twice, 422 for what no tag stands for', async () => {
    const repository = await repositoryWith([]);
    const module = await syncedModule({ git_url: repository.url });
    await repository.tag('v1.0.0');
    await repository.tag('v1.1.0');
    expect((await module.request('POST', '/versions', { version: 'v1.0.0' })).body).toMatchObject({ version: '1.0.0' });
    expect((await module.request('POST', '/versions', { version: '1.1.0' })).status).toBe(201);
    const twice = await module.request('POST', '/versions', { version: 'v1.1.0' });
    expect(twice.body).toMatchObject({ status: 409, type: '/problems/version-exists' });
    const unknown = await module.request('POST', '/versions', { version: '7.0.0' });
    expect(unknown.body).toMatchObject({ status: 422, type: '/problems/tag-not-found' });
    const uploads = await ModuleDriver.create(server);
    expect((await uploads.request('POST', '/versions', { version: '1.0.0' })).status).toBe(422);
  });
});

describe('private repositories', () => {
  const everythingStored = (): string =>
    readdirSync(server.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'))
      .join('\n');

  it('are read with user and password, which nobody sees again', async () => {
    const answers: string[] = [];
    const repository = await repositoryWith(['v1.0.0']);
    const git = await serve(repository, { username: 'robot', password: PASSWORD });
    const module = await syncedModule({ git_url: git.url });
    const refused = await module.get();
    expect(refused).toMatchObject({ synced: false, latest_version: null });
    expect(refused.sync_error).toMatch(/authentication failed.*git_password/);

    const wrong = await module.request('PATCH', '', { git_username: 'robot', git_password: `${PASSWORD}x` });
    expect(wrong.status).toBe(200);
    expect((await module.synced(refused.last_synced_at)).sync_error).toMatch(/authentication failed/);
    const before = (await module.get()).last_synced_at;
    answers.push((await module.request('PATCH', '', { git_username: 'robot', git_password: PASSWORD })).text);
    expect(await module.synced(before)).toMatchObject({ synced: true, latest_version: '1.0.0' });
    for (const path of ['', '/versions', '/git-tags', '/docs', '/readme', '/webhook']) {
      answers.push((await module.request('GET', path)).text);
    }
    answers.push((await module.sync()).text);
    for (const path of ['/api/modules', '/api/audit', '/metrics']) answers.push((await send(server, 'GET', path)).text);
    const moved = await module.request('PATCH', '', { git_url: 'https://git.example.com/x.git' });
    expect({ status: moved.status, errors: moved.body.errors }).toMatchObject({
      status: 400,
      errors: [{ field: 'git_password' }],
    });
    answers.push(moved.text);
    const base64 = Buffer.from(`robot:${PASSWORD}`).toString('base64');
    for (const secret of [PASSWORD, base64, encodeURIComponent(PASSWORD)]) {
      expect(answers.join('\n')).not.toContain(secret);
      expect(everythingStored()).not.toContain(secret);
    }
  });

  it('credentials without a repository are refused with the name of the field', async () => {
    const answer = await send(server, 'POST', '/api/modules', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ namespace_id: 'default', name: 'lonely', provider: 'aws', git_password: 'abcdef' }),
    });
    expect({ status: answer.status, fields: answer.body.errors }).toMatchObject({
      status: 400,
      fields: [{ field: 'git_password' }],
    });
  });
});

describe('webhooks', () => {
  const SHA = 'a'.repeat(40);
  const payloads: [name: string, payload: object, accepted: boolean][] = [
    ['GitHub, a tag', { ref: 'refs/tags/v1.0.0', before: SHA, after: SHA, repository: { full_name: 'a/b' } }, true],
    ['GitHub, a branch', { ref: 'refs/heads/main', before: SHA, after: SHA, commits: [] }, false],
    ['GitHub, ping', { zen: 'Keep it logically awesome.', hook_id: 1 }, true],
    [
      'GitLab, a tag',
      { object_kind: 'tag_push', event_name: 'tag_push', ref: 'refs/tags/v1.0.0', project_id: 1 },
      true,
    ],
    ['GitLab, a branch', { object_kind: 'push', event_name: 'push', ref: 'refs/heads/main', project_id: 1 }, false],
    ['Gitea, a tag', { ref: 'refs/tags/v1.0.0', ref_type: 'tag', secret: '', repository: {} }, true],
    ['Gitea, a tag created', { ref: 'v1.0.0', ref_type: 'tag', sha: SHA }, true],
    ['Gitea, a branch', { ref: 'refs/heads/main', before: SHA, after: SHA, commits: [] }, false],
    ['Bitbucket, a tag', { push: { changes: [{ new: { type: 'tag', name: 'v1.0.0' }, old: null }] } }, true],
    ['Bitbucket, a branch', { push: { changes: [{ new: { type: 'branch', name: 'main' }, old: null }] } }, false],
  ];
  let repository: GitRepository;
  let git: GitServer;
  let module: ModuleDriver;
  let hook: string;

  beforeAll(async () => {
    repository = await repositoryWith([]);
    git = await serve(repository);
    module = await syncedModule({ git_url: git.url });
    expect((await module.request('GET', '/webhook')).body).toEqual({ url: null });
    hook = (await module.request('POST', '/webhook')).body.url;
    expect((await module.request('GET', '/webhook')).body).toEqual({ url: hook });
  });
  const push = (url: string, body: string, type = 'application/json'): ReturnType<typeof send> =>
    send(server, 'POST', new URL(url).pathname, { key: null, body, headers: { 'content-type': type } });

  it.each(payloads)('%s', async (_name, payload, accepted) => {
    const { last_synced_at: before } = await module.get();
    git.requests.length = 0;
    const answer = await push(hook, JSON.stringify(payload));
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 202, body: { accepted } });
    if (accepted) await module.synced(before);
    // A sync that was wrongly asked for would come before this one, which waits for its turn at the same host.
    else await module.sync();
    expect(git.requests.length).toBe((await referencesAlone()).length);
  });
  /** The requests of one look at the tags of this repository. */
  const referencesAlone = async (): Promise<string[]> => {
    const before = git.requests.length;
    await module.sync();
    return git.requests.slice(before);
  };

  it('a tag pushed becomes a version, also when it comes as a form', async () => {
    await repository.tag('v3.0.0');
    const { last_synced_at: before } = await module.get();
    const form = new URLSearchParams({ payload: JSON.stringify({ ref: 'refs/tags/v3.0.0' }) }).toString();
    expect((await push(hook, form, 'application/x-www-form-urlencoded')).body).toEqual({ accepted: true });
    expect(await module.synced(before)).toMatchObject({ latest_version: '3.0.0' });
  });

  it.each([
    ['nothing at all', ''],
    ['no JSON', '<html>'],
    ['null', 'null'],
    ['a list', '[1]'],
    ['changes that are none', '{"push":{"changes":[null,1,{"new":3}]}}'],
    ['2 MB', JSON.stringify({ text: 'x'.repeat(2 ** 21) })],
  ])('%s does no harm', async (_name, body) => {
    expect((await push(hook, body)).status).toBe(202);
  });

  it('a token that is wrong, or was renewed, opens nothing', async () => {
    const token = hook.slice(-40);
    for (const wrong of ['0'.repeat(40), token.slice(1), token.toUpperCase(), `${token}0`, 'x', '%00']) {
      const answer = await push(hook.replace(token, wrong), '{"ref":"refs/tags/v1.0.0"}');
      expect({ wrong, status: answer.status }).toEqual({ wrong, status: 404 });
    }
    const renewed = (await module.request('POST', '/webhook')).body.url;
    expect(renewed).not.toBe(hook);
    expect((await push(hook, '{"ref":"refs/tags/v1.0.0"}')).status).toBe(404);
    expect((await push(renewed, '{"ref":"refs/tags/v1.0.0"}')).status).toBe(202);
    hook = renewed;
  });

  it('its token is nowhere in clear, and the hook of a deleted module is gone', async () => {
    const token = hook.slice(-40);
    for (const file of ['plomada.db', 'plomada.sqlite', 'plomada.db-wal', 'plomada.sqlite-wal']) {
      const path = readdirSync(server.dataDir).find((name) => name === file);
      if (path) expect(readFileSync(join(server.dataDir, path)).includes(token)).toBe(false);
    }
    expect((await send(server, 'GET', '/api/audit')).text).not.toContain(token);
    const other = await ModuleDriver.create(server, { git_url: git.url });
    const url = (await other.request('POST', '/webhook')).body.url;
    expect((await other.request('DELETE', '')).status).toBe(204);
    expect((await push(url, '{"ref":"refs/tags/v1.0.0"}')).status).toBe(404);
  });
});

describe('a Git server that fails', () => {
  it('hangs: its own modules wait, those of other hosts do not, and the error is visible', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const hanging = await ModuleDriver.create(server, { git_url: `http://127.0.0.1:${port}/x.git` });
    const fine = await syncedModule({ git_url: (await serve(await repositoryWith(['v1.0.0']))).url });
    expect(await fine.get()).toMatchObject({ synced: true, latest_version: '1.0.0' });
    expect(await hanging.get()).toMatchObject({ last_synced_at: null });
    const failed = await hanging.synced();
    expect(failed).toMatchObject({ synced: false, latest_version: null });
    expect(failed.sync_error).toMatch(/did not finish within 6 s/);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  it.each([
    ['404', 404, /no such Git repository/],
    ['500', 500, /could not be reached/],
    ['302', 302, /redirect/],
  ])('answers %s: nothing published, and the reason is visible', async (_name, status, reason) => {
    const git = await serve(await repositoryWith(['v1.0.0']), {
      beforeAnswer: (_request, response) =>
        void response.writeHead(status, { location: 'http://169.254.169.254/' }).end('no'),
    });
    const module = await syncedModule({ git_url: git.url });
    const { sync_error: error, latest_version: latest } = await module.get();
    expect(error).toMatch(reason);
    expect(error).not.toContain(server.dataDir);
    expect(latest).toBeNull();
  });

  it('breaks off in the middle of a pack: what was published before stays, and the next sync completes', async () => {
    const repository = await repositoryWith(['v1.0.0']);
    await repository.commit({ 'big.tf': `# ${'x'.repeat(300_000)}\n` });
    await repository.tag('v1.1.0');
    let module: ModuleDriver | null = null;
    let isCutting = true;
    const git = await serve(repository, {
      beforeAnswer: async (_request, response) => {
        if (!isCutting || module === null || !(await module.numbers()).includes('1.0.0')) return;
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
        response.write('0016');
        response.destroy();
      },
    });
    module = await ModuleDriver.create(server, { git_url: git.url });
    const failed = await module.synced();
    expect(failed).toMatchObject({ synced: false, latest_version: '1.0.0', sync_error: expect.any(String) });
    await expectNoLeftovers(server.dataDir);
    isCutting = false;
    expect((await module.sync()).body.tags_added).toBe(1);
    expect(await module.get()).toMatchObject({ synced: true, sync_error: null, latest_version: '1.1.0' });
  });

  it('two syncs by hand at once publish each tag once', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0', 'v1.2.0']);
    const module = await ModuleDriver.create(server, { git_url: repository.url });
    const results = await Promise.all([module.sync(), module.sync(), module.sync()]);
    expect(results.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await module.numbers()).toEqual(['1.2.0', '1.1.0', '1.0.0']);
    expect(await module.get()).toMatchObject({ synced: true, sync_error: null });
  });

  it('a version published by name in the middle of a sync is no failure of the sync', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0']);
    let module: ModuleDriver | null = null;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let isHeld = false;
    let isOpen = false;
    const git = await serve(repository, {
      beforeAnswer: async () => {
        if (isOpen || module === null || !(await module.numbers()).includes('1.0.0')) return;
        if (isHeld) return;
        isHeld = true;
        await gate;
      },
    });
    module = await ModuleDriver.create(server, { git_url: git.url });
    await eventually('the sync to be at the second tag', () => isHeld);
    const published = await module.request('POST', '/versions', { version: '1.1.0' });
    isOpen = true;
    open();
    expect(published.status).toBe(201);
    expect(await module.synced()).toMatchObject({ synced: true, sync_error: null });
  });

  it('a module deleted in the middle of a sync leaves nothing', async () => {
    const repository = await repositoryWith(['v1.0.0', 'v1.1.0']);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let requests = 0;
    const git = await serve(repository, { beforeAnswer: async () => void ((requests += 1) > 2 && (await gate)) });
    const module = await ModuleDriver.create(server, { git_url: git.url });
    await eventually('the sync to fetch', () => requests > 2);
    expect((await module.request('DELETE', '')).status).toBe(204);
    open();
    // Its turn comes after the sync that was under way.
    const next = await syncedModule({ git_url: git.url });
    expect(await next.numbers()).toEqual(['1.1.0', '1.0.0']);
    expect((await module.request('GET', '')).status).toBe(404);
    await expectNoLeftovers(server.dataDir);
  });
});
