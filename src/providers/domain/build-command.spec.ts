import { binaryName, buildArguments, parseGoVersion, proxySecrets, shownEnvironment } from './build-command';

it('builds without traces of the machine', () => {
  expect(buildArguments('1.2.3', '/out/p')).toEqual([
    '-trimpath',
    '-buildvcs=false',
    '-ldflags',
    '-s -w -X main.version=1.2.3',
    '-o',
    '/out/p',
    '.',
  ]);
  expect(buildArguments('1.2.3', null)).not.toContain('-o');
});

it('names programs as clients look for them', () => {
  expect(binaryName('acme', '1.2.3', 'linux')).toBe('terraform-provider-acme_v1.2.3');
  expect(binaryName('acme', '1.2.3', 'windows')).toBe('terraform-provider-acme_v1.2.3.exe');
});

it.each([
  ['go version go1.19.8 linux/amd64\n', 'go1.19.8 linux/amd64'],
  ['go version go1.24rc1 X:nocoverageredesign linux/amd64', 'go1.24rc1 X:nocoverageredesign'],
  ['bash: go: not found', null],
  ['', null],
])('the version in %j is %s', (output, version) => expect(parseGoVersion(output)).toBe(version));

it('shows no user of a proxy, and knows them all for masking', () => {
  const proxy = 'https://user:secret@one.example|https://token@two.example/x,https://three.example,direct';
  expect(shownEnvironment({ GOPROXY: proxy, CGO_ENABLED: '0' })).toEqual({
    GOPROXY: 'https://***@one.example|https://***@two.example/x,https://three.example,direct',
    CGO_ENABLED: '0',
  });
  expect(proxySecrets(proxy)).toEqual(['user:secret', 'user', 'secret', 'token']);
  expect(proxySecrets('https://a%40b:c%2Fd@one.example')).toEqual(expect.arrayContaining(['c%2Fd', 'c/d', 'a@b']));
  expect(proxySecrets('https://one.example,direct')).toEqual([]);
});
