import { assertGitUrl, parseRemoteUrl } from './remote-url';

const ALL = ['https', 'http', 'ssh', 'file'];
const DEFAULT = ['https', 'ssh'];

describe('parseRemoteUrl', () => {
  it.each([
    ['https://git.example.com/org/repo.git', { scheme: 'https', host: 'git.example.com', port: 443, user: null }],
    ['https://git.example.com:8443/repo', { scheme: 'https', host: 'git.example.com', port: 8443, user: null }],
    ['http://[::1]:3000/repo', { scheme: 'http', host: '::1', port: 3000, user: null }],
    ['http://2130706433/repo', { scheme: 'http', host: '2130706433', port: 80, user: null }],
    [
      'ssh://git@git.example.com:2222/org/repo.git',
      { scheme: 'ssh', host: 'git.example.com', port: 2222, user: 'git' },
    ],
    ['ssh://git.example.com/~user/repo', { scheme: 'ssh', host: 'git.example.com', port: 22, user: null }],
    ['git@git.example.com:org/repo.git', { scheme: 'ssh', host: 'git.example.com', port: 22, user: 'git' }],
    ['git@[fe80::1]:repo.git', { scheme: 'ssh', host: 'fe80::1', port: 22, user: 'git' }],
    ['file:///srv/git/my repo.git', { scheme: 'file', host: null, port: null, user: null }],
  ])('reads %s', (url, expected) => {
    expect(parseRemoteUrl(url, ALL)).toEqual({ url, ...expected });
  });

  it('writes the scheme in lower case, as git needs it', () => {
    expect(parseRemoteUrl('HTTPS://git.example.com/Repo', ALL).url).toBe('https://git.example.com/Repo');
  });

  it.each([
    ['https://user:secret@git.example.com/repo', /`git_username` and `git_password`/],
    ['https://token@git.example.com/repo', /`git_username` and `git_password`/],
    ['ssh://git:secret@git.example.com/repo', /must not contain a password.*`git_ssh_key`/],
  ])('refuses credentials in a URL without repeating them: case %#', (url, message) => {
    const check = () => assertGitUrl(url, ALL);
    expect(check).toThrow(message);
    expect(check).not.toThrow(/secret|token@/);
  });

  it.each([
    '',
    `https://git.example.com/${'a'.repeat(2048)}`,
    '--upload-pack=touch PWNED',
    '-rf',
    '-oProxyCommand=id@host:path',
    '$(id)',
    ';id',
    '/etc',
    './repo',
    '../repo',
    'repo',
    'C:\\repo',
    'git.example.com:repo.git',
    'ext::sh -c touch% PWNED',
    'https://',
    'https:///repo',
    'https://git.example.com',
    'https://git.example.com/',
    'https://git.example.com:0/repo',
    'https://git.example.com:65536/repo',
    'https://git.example.com:8x/repo',
    'https://git.example.com\\@evil.example/repo',
    'https://git.example.com/a b',
    'https://git.example.com/a\nb',
    'https://git.example.com/a\0b',
    'https://git.example.com/a\u0085b',
    'https://git.example.com/a%0ab',
    'https://git.example.com/a%00b',
    'https://git.example.com/repo?token=x',
    'https://git.example.com/repo#main',
    'https://ex%61mple.com/repo',
    'https://пример.example/repo',
    'https://git.example.com./repo',
    'https://[::1/repo',
    'ssh://-oProxyCommand=id/repo',
    'ssh://-oProxyCommand=id@host/repo',
    'ssh://git@-host/repo',
    'git@-oProxyCommand=id:repo',
    'git@host:-repo',
    'git@host::repo',
    'file://etc/passwd',
    'file://',
    'file:///',
    'file:relative',
  ])('refuses %j', (url) => {
    expect(() => assertGitUrl(url, ALL)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'git-url-invalid' }));
  });

  it.each(['http://git.example.com/repo', 'file:///etc', 'git://git.example.com/repo', 'ftp://host/x', 'ext://x'])(
    'refuses the scheme of %s and says what is allowed',
    (url) => {
      expect(() => assertGitUrl(url, DEFAULT)).toThrow(
        expect.objectContaining({ kind: 'invalid', code: 'git-scheme-not-allowed' }),
      );
      expect(() => assertGitUrl(url, DEFAULT)).toThrow(/`https:\/\/`, `ssh:\/\/` or `git@host:path`/);
    },
  );

  it('counts git@host:path as ssh', () => {
    expect(() => assertGitUrl('git@git.example.com:repo', ['https'])).toThrow(
      expect.objectContaining({ code: 'git-scheme-not-allowed' }),
    );
  });
});
