import type { GitCredentials } from './git.port';
import { createScrubber, LineScrubber } from './scrub';

const PASSWORD = 'p@ss/w"rd+1';
const credentials: GitCredentials = { username: 'deploy', password: PASSWORD, sshKey: null };

describe('createScrubber', () => {
  const scrub = createScrubber(credentials, ['/data/cache', '/data']);

  it.each([
    ['plain', PASSWORD],
    ['URL-encoded', encodeURIComponent(PASSWORD)],
    ['base64', Buffer.from(PASSWORD).toString('base64')],
    ['a Basic header', Buffer.from(`deploy:${PASSWORD}`).toString('base64')],
    ['JSON', JSON.stringify(PASSWORD).slice(1, -1)],
  ])('masks the password as %s', (_form, text) => {
    expect(scrub(`before ${text} after`)).toBe('before *** after');
  });

  it('takes user information out of URLs and hides paths of the host', () => {
    expect(scrub('fatal: https://deploy:x@git.example.com/r and /data/cache/mirrors/1, /data/x')).toBe(
      'fatal: https://git.example.com/r and …/mirrors/1, …/x',
    );
  });

  it('masks every line of a key', () => {
    const sshKey = '-----BEGIN KEY-----\r\nQUJDREVGQUJDREVG\r\nR0hJSktMR0hJSktM\r\n-----END KEY-----\r\n';
    const text = createScrubber({ ...credentials, sshKey }, [])('QUJDREVGQUJDREVG R0hJSktMR0hJSktM');
    expect(text).toBe('*** ***');
  });

  it('masks a token that was given as the user name', () => {
    expect(createScrubber({ username: 'token-1234', password: null, sshKey: null }, [])('token-1234')).toBe('***');
  });

  it('leaves words alone that a very short password happens to be part of', () => {
    expect(createScrubber({ username: null, password: 'a', sshKey: null }, [])('a cat')).toBe('a cat');
  });
});

describe('LineScrubber', () => {
  function collect(chunks: (string | Buffer)[]): string[] {
    const seen: string[] = [];
    const lines = new LineScrubber(createScrubber(credentials, []), (text) => seen.push(text));
    for (const chunk of chunks) lines.push(Buffer.from(chunk));
    lines.flush();
    return seen;
  }

  it('masks a password that comes in two chunks', () => {
    expect(collect(['a p@ss', '/w"rd+1 b\n', 'c']).join('')).toBe('a *** b\nc');
  });

  it('passes progress on at each carriage return', () => {
    expect(collect(['10%\r', '20%\r3'])).toEqual(['10%\r', '20%\r', '3']);
  });

  it('keeps a character whole that comes in two chunks', () => {
    const bytes = Buffer.from('ü\n');
    expect(collect([bytes.subarray(0, 1), bytes.subarray(1)]).join('')).toBe('ü\n');
  });

  it('does not hold back an endless line, and masks within it', () => {
    const seen = collect(['x'.repeat(40_000), 'p@ss', '/w"rd+1', 'y'.repeat(40_000)]);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.join('')).toBe(`${'x'.repeat(40_000)}***${'y'.repeat(40_000)}`);
  });
});
