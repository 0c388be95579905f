import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createRepository, type GitRepository, serveRepository } from '../support/git-fixture';
import { aRemote, GitRoom } from './git-room';

const PASSWORD = 'canary $(id) "\'\\ %s+/ü';
const SSH_KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\r\nY2FuYXJ5LWtleS1saW5l\r\n-----END OPENSSH PRIVATE KEY-----';
/** Every form in which the password must not be seen. */
const PASSWORD_FORMS = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString('base64'),
  Buffer.from(`deploy:${PASSWORD}`).toString('base64'),
];

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

/** Command lines of all processes that git has something to do with. */
function gitCommandLines(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => (existsSync(`/proc/${pid}/cmdline`) ? readOrNothing(`/proc/${pid}/cmdline`) : ''))
    .filter((commandLine) => commandLine.includes('git'));
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

describe('password over http', () => {
  const credentials = { username: 'deploy', password: PASSWORD };

  it('clones, and shows the password to nobody else', async () => {
    const seen: string[] = [];
    const beforeAnswer = () => {
      seen.push(...gitCommandLines());
    };
    const server = await serveRepository(repository, { ...credentials, beforeAnswer });
    const directory = room.freshPath();
    let output = '';
    const onOutput = (text: string) => (output += text);
    await room.adapter().clone(aRemote(server.url, credentials), 'main', directory, { onOutput });
    await room.adapter().listTree(aRemote(server.url, credentials), 'main', '');
    await server.close();

    expect(await readFile(join(directory, 'main.tf'), 'utf8')).toBe('content');
    expect(seen.some((commandLine) => commandLine.includes(server.url))).toBe(true);
    const files = await room.contents();
    const everything = [...seen, output, ...files.map(({ path, content }) => path + content.toString('latin1'))];
    for (const form of PASSWORD_FORMS) {
      const bytes = Buffer.from(form).toString('latin1');
      expect(everything.filter((text) => text.includes(form) || text.includes(bytes))).toEqual([]);
    }
  });

  it('takes "git" for the user name when a token is given alone', async () => {
    const server = await serveRepository(repository, { username: 'git', password: 'token-1234' });
    const references = await room.adapter().references(aRemote(server.url, { password: 'token-1234' }));
    expect(references.default).toBe('main');
    await server.close();
  });

  it.each([
    ['a wrong password', { username: 'deploy', password: 'wrong-password' }, /authentication failed.*check/i],
    ['no credentials', {}, /authentication failed.*asks for credentials: give `git_username` and `git_password`/i],
  ])('says "authentication" for %s, at once', async (_what, given, message) => {
    const server = await serveRepository(repository, credentials);
    const directory = room.freshPath();
    const cloned = room.adapter().clone(aRemote(server.url, given), 'main', directory);
    await expect(cloned).rejects.toMatchObject({ code: 'git-authentication-failed', kind: 'unprocessable' });
    await expect(cloned).rejects.toThrow(message);
    await expect(cloned).rejects.not.toThrow(/wrong-password/);
    expect(server.requests.length).toBeLessThanOrEqual(2);
    expect(existsSync(directory)).toBe(false);
    await server.close();
  });

  it('says that there is no such repository', async () => {
    const server = await serveRepository(repository, credentials);
    const remote = aRemote(server.url.replace('repository.git', 'other.git'), credentials);
    await expect(room.adapter().references(remote)).rejects.toMatchObject({ code: 'git-repository-not-found' });
    await server.close();
  });

  it('refuses a password with a line break instead of sending half of it', async () => {
    const server = await serveRepository(repository, credentials);
    const remote = aRemote(server.url, { username: 'deploy', password: 'one\ntwo' });
    await expect(room.adapter().references(remote)).rejects.toMatchObject({ code: 'git-authentication-failed' });
    expect(server.requests).toEqual([]);
    await server.close();
  });

  it('does not follow a redirect, and says what to do', async () => {
    const target = await serveRepository(repository, credentials);
    const redirecting = createServer((request, response) => {
      response.writeHead(302, { location: target.url + (request.url ?? '').replace(/^\/from\.git/, '') }).end();
    });
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/from.git`;
    await expect(room.adapter().clone(aRemote(url, credentials), 'main', room.freshPath())).rejects.toMatchObject({
      code: 'git-url-invalid',
      message: expect.stringContaining('redirects'),
    });
    expect(target.requests).toEqual([]);
    await new Promise((resolve) => redirecting.close(resolve));
    await target.close();
  });
});

describe('key over ssh', () => {
  let environment: NodeJS.ProcessEnv;
  let seenIn: string;

  /** What a program called `ssh` on the PATH sees: it notes it down and, like a host would, runs the command. */
  beforeAll(async () => {
    const bin = join(room.root, 'bin');
    seenIn = join(room.root, 'seen');
    await mkdir(bin);
    await mkdir(seenIn);
    const script = `#!/bin/sh
printf '%s\\n' "$@" > '${seenIn}/arguments'
env > '${seenIn}/environment'
/usr/bin/ssh -G "$@" > '${seenIn}/settings'
for argument; do
  case "$argument" in IdentityFile=*) key=$(printf '%s' "\${argument#IdentityFile=}" | tr -d '"') ;; esac
done
if [ -f "$key" ]; then stat -c %a "$key" > '${seenIn}/mode'; cat "$key" > '${seenIn}/key'; fi
if [ "$key" = none ]; then echo 'git@host: Permission denied (publickey).' >&2; exit 255; fi
exec sh -c "$argument"
`;
    await writeFile(join(bin, 'ssh'), script);
    await chmod(join(bin, 'ssh'), 0o755);
    environment = { PATH: `${bin}:${process.env.PATH}`, SSH_AUTH_SOCK: '/agent' };
  });

  const seen = (name: string) => readFile(join(seenIn, name), 'utf8');

  it.each([
    ['ssh://git.example.com:2222/PATH', 'git', '[git.example.com]:2222', '2222'],
    ['ssh://deploy@git.example.com/PATH', 'deploy', 'git.example.com', '22'],
    ['git@git.example.com:/PATH', 'git', 'git.example.com', '22'],
  ])('clones %s from the address that was checked, with the key alone', async (form, user, alias, port) => {
    const lookupHost = () => Promise.resolve([{ address: '192.0.2.7', family: 4 }]);
    const directory = room.freshPath();
    const url = form.replace('/PATH', repository.directory);
    await room.adapter({ environment, lookupHost }).clone(aRemote(url, { sshKey: SSH_KEY }), 'main', directory);
    expect(await readFile(join(directory, 'main.tf'), 'utf8')).toBe('content');

    const settings = (await seen('settings')).split('\n');
    expect(settings).toEqual(
      expect.arrayContaining([
        `user ${user}`,
        `port ${port}`,
        'hostname 192.0.2.7',
        `hostkeyalias ${alias}`,
        'batchmode yes',
        'identitiesonly yes',
        'identityagent none',
        'passwordauthentication no',
        'stricthostkeychecking accept-new',
        `userknownhostsfile ${join(room.cacheDir, 'known_hosts')}`,
      ]),
    );
    expect(settings.filter((line) => line.startsWith('identityfile '))).toHaveLength(1);
    expect((await seen('mode')).trim()).toBe('600');
    expect(await seen('key')).toBe(`${SSH_KEY.replaceAll('\r', '')}\n`);
    expect((await seen('arguments')) + (await seen('environment'))).not.toMatch(/Y2FuYXJ5LWtleS1saW5l|SSH_AUTH_SOCK/);
    expect(readdirSync(join(room.cacheDir, 'keys'))).toEqual([]);
  });

  it('offers no key of the host’s user when none is given, and says what is missing', async () => {
    const lookupHost = () => Promise.resolve([{ address: '192.0.2.7', family: 4 }]);
    const remote = aRemote(`git@git.example.com:${repository.directory}`);
    await expect(room.adapter({ environment, lookupHost }).references(remote)).rejects.toMatchObject({
      code: 'git-authentication-failed',
      message: expect.stringContaining('`git_ssh_key`'),
    });
    expect((await seen('settings')).match(/^identityfile .*$/gm)).toEqual(['identityfile none']);
  });
});
