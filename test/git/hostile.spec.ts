import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createRepository, type GitRepository, serveRepository } from '../support/git-fixture';
import { aRemote, GitRoom } from './git-room';

const LOCAL = ['127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10'];

let room: GitRoom;
let repository: GitRepository;

beforeAll(async () => {
  room = await GitRoom.create();
  repository = await createRepository({ files: { 'main.tf': 'content' } });
});

afterAll(async () => {
  await repository.remove();
  await room.remove();
});

/** Anything that a hostile text has made: they all try to leave a file of this name somewhere. */
async function traces(): Promise<string[]> {
  const folders = [process.cwd(), repository.directory, room.root];
  const found = await Promise.all(folders.map((folder) => readdir(folder, { recursive: folder !== process.cwd() })));
  return found.flat().filter((name) => name.includes('PWNED'));
}

afterEach(async () => {
  expect(await traces()).toEqual([]);
});

describe('option and command injection', () => {
  it.each(['--upload-pack=touch PWNED', '-rf', '--output=PWNED', 'main --upload-pack=x', 'a\nb', 'x:refs/heads/y', ''])(
    'refuses the reference %j before git is started',
    async (ref) => {
      const adapter = room.adapter();
      const remote = aRemote(repository.url);
      const directory = room.freshPath();
      await expect(adapter.clone(remote, ref, directory)).rejects.toMatchObject({ code: 'git-ref-invalid' });
      await expect(adapter.resolve(remote, ref)).rejects.toMatchObject({ code: 'git-ref-invalid' });
      await expect(adapter.listTree(remote, ref, '')).rejects.toMatchObject({ code: 'git-ref-invalid' });
      expect(existsSync(directory)).toBe(false);
    },
  );

  it.each(['$(touch${IFS}PWNED)', ';touch${IFS}PWNED', '`touch${IFS}PWNED`', '|id', '"', "'", '%2e%2e', '{a,b}'])(
    'takes %j for the name of a branch that does not exist',
    async (ref) => {
      await expect(room.adapter().clone(aRemote(repository.url), ref, room.freshPath())).rejects.toMatchObject({
        code: 'git-ref-not-found',
      });
    },
  );

  it.each([
    ['--upload-pack=touch PWNED', 'git-url-invalid'],
    ['ext::sh -c "touch PWNED"', 'git-url-invalid'],
    ['ext::sh$IFS-c$IFS"touch$IFS\'PWNED\'"', 'git-url-invalid'],
    ["ssh://-oProxyCommand=touch$IFS'PWNED'/x", 'git-url-invalid'],
    ['-oProxyCommand=touch@x:PWNED', 'git-url-invalid'],
    ['git://127.0.0.1/x', 'git-scheme-not-allowed'],
    ['fd::17/x', 'git-url-invalid'],
  ])('refuses the URL %j', async (url, code) => {
    await expect(room.adapter().clone(aRemote(url), 'main', room.freshPath())).rejects.toMatchObject({ code });
    await expect(room.adapter().references(aRemote(url))).rejects.toMatchObject({ code });
    await expect(room.adapter().readFile(aRemote(url), 'a'.repeat(40), 'x', 1)).rejects.toMatchObject({ code });
  });

  it('refuses file URLs unless they are allowed', async () => {
    const adapter = room.adapter({ allowedSchemes: ['https', 'ssh'] });
    await expect(adapter.references(aRemote(repository.url))).rejects.toMatchObject({ code: 'git-scheme-not-allowed' });
  });

  it.each(['--output=PWNED', '-rf', '/etc', '../../etc', 'a/../../..', 'a\0b'])('refuses the path %j', async (path) => {
    const sha = await repository.sha('main');
    const remote = aRemote(repository.url);
    await expect(room.adapter().listTree(remote, 'main', path)).rejects.toMatchObject({ code: 'git-path-invalid' });
    await expect(room.adapter().readFile(remote, sha, path, 10)).rejects.toMatchObject({ code: 'git-path-invalid' });
  });

  it.each([':(glob)**', ':/main.tf', 'main.*', '$(id)', '%2e%2e'])('takes the path %j literally', async (path) => {
    const sha = await repository.sha('main');
    const remote = aRemote(repository.url);
    await expect(room.adapter().listTree(remote, 'main', path)).rejects.toMatchObject({ code: 'git-path-not-found' });
    await expect(room.adapter().readFile(remote, sha, path, 10)).resolves.toBeNull();
  });
});

describe('configuration of the host', () => {
  it('runs no hook, filter or program that configuration, templates or the environment name', async () => {
    const hooks = join(room.root, 'hooks', 'hooks');
    await mkdir(hooks, { recursive: true });
    for (const name of ['post-checkout', 'reference-transaction', 'post-index-change', 'evil']) {
      await writeFile(join(hooks, name), `#!/bin/sh\ntouch '${room.root}/PWNED-${name}'\ncat\n`);
      await chmod(join(hooks, name), 0o755);
    }
    const evil = join(hooks, 'evil');
    const config =
      `[core]\n\thooksPath = ${hooks}\n\tsshCommand = ${evil}\n\tfsmonitor = ${evil}\n\taskPass = ${evil}\n` +
      `[filter "evil"]\n\tsmudge = ${evil}\n[init]\n\ttemplateDir = ${join(hooks, '..')}\n` +
      `[credential]\n\thelper = ${evil}\n[url "https://evil.example/"]\n\tinsteadOf = file://\n`;
    const homeDir = join(room.root, 'hostile-home');
    await mkdir(join(homeDir, '.config', 'git'), { recursive: true });
    await writeFile(join(homeDir, '.gitconfig'), config);
    await writeFile(join(homeDir, '.config', 'git', 'config'), config);
    const environment = {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: join(homeDir, '.gitconfig'),
      GIT_CONFIG_SYSTEM: join(homeDir, '.gitconfig'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.hooksPath',
      GIT_CONFIG_VALUE_0: hooks,
      GIT_TEMPLATE_DIR: join(hooks, '..'),
      GIT_SSH_COMMAND: evil,
      GIT_ASKPASS: evil,
      GIT_EXTERNAL_DIFF: evil,
    };
    const filtered = await createRepository({ files: { '.gitattributes': '* filter=evil', 'main.tf': 'as it is' } });
    const directory = room.freshPath();
    await room.adapter({ environment, homeDir }).clone(aRemote(filtered.url), 'main', directory);
    expect(await readFile(join(directory, 'main.tf'), 'utf8')).toBe('as it is');
    const server = await serveRepository(filtered, { password: 'needed' });
    await expect(room.adapter({ environment, homeDir }).references(aRemote(server.url))).rejects.toMatchObject({
      code: 'git-authentication-failed',
    });
    await server.close();
    await filtered.remove();
  });

  it('does not take a repository around the cache for its own', async () => {
    const outer = await createRepository({ files: { 'main.tf': 'outer' } });
    await outer.git('config', 'url.https://evil.example/.insteadOf', 'file://');
    const cacheDir = join(outer.directory, 'cache');
    const references = await room.adapter({ cacheDir }).references(aRemote(repository.url));
    expect(references.default).toBe('main');
    await outer.remove();
  });
});

describe('blocked networks', () => {
  let server: Server;
  let connections = 0;

  beforeAll(async () => {
    server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each([
    'http://127.0.0.1:PORT/x',
    'http://localhost:PORT/x',
    'http://[::1]:PORT/x',
    'http://[::ffff:127.0.0.1]:PORT/x',
    'http://2130706433:PORT/x',
    'http://0x7f000001:PORT/x',
    'http://0177.0.0.1:PORT/x',
    'http://127.1:PORT/x',
    'http://0.0.0.0:PORT/x',
    'http://169.254.169.254/latest/meta-data',
    'ssh://git@127.0.0.1:PORT/x',
    'git@localhost:x',
    'https://127.0.0.1:PORT/x',
  ])('are not reached through %s, whether something listens there or not', async (form) => {
    const adapter = room.adapter({ blockedNetworks: LOCAL });
    const open = String((server.address() as AddressInfo).port);
    for (const port of [open, '1']) {
      await expect(adapter.references(aRemote(form.replace('PORT', port)))).rejects.toMatchObject({
        code: 'git-host-blocked',
        kind: 'invalid',
        message: expect.stringMatching(/^The host \S+ lies in a network that this server may not reach/),
      });
    }
    expect(connections).toBe(0);
  });

  it('are not reached through a name that one look-up finds harmless and the next does not', async () => {
    const git = await serveRepository(repository);
    const answers = ['127.0.0.1', '127.0.0.99'];
    const lookupHost = () => Promise.resolve([{ address: answers.shift() ?? '127.0.0.99', family: 4 }]);
    const adapter = room.adapter({ lookupHost, blockedNetworks: ['127.0.0.99'] });
    // No resolver of the system knows this name: git can only get there at the address that was checked.
    const remote = aRemote(`http://rebinding.invalid:${git.port}/repository.git`);
    await expect(adapter.references(remote)).resolves.toMatchObject({ default: 'main' });
    await expect(adapter.references(remote)).rejects.toMatchObject({ code: 'git-host-blocked' });
    await git.close();
  });

  it('leave names to a proxy that the server itself cannot look up', async () => {
    const git = await serveRepository(repository);
    const environment = { PATH: process.env.PATH, http_proxy: `http://127.0.0.1:${git.port}` };
    const lookupHost = () => Promise.reject(Object.assign(new Error('dns'), { code: 'ENOTFOUND' }));
    const remote = aRemote('http://inside.invalid/repository.git');
    const adapter = room.adapter({ environment, lookupHost, blockedNetworks: LOCAL });
    await expect(adapter.references(remote)).resolves.toMatchObject({ default: 'main' });
    await expect(room.adapter({ lookupHost }).references(remote)).rejects.toMatchObject({ code: 'git-unreachable' });
    await git.close();
  });
});
