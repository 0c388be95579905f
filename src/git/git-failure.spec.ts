import { CommitRefusedError, toGitError, type FailureContext } from './git-failure';
import { GitExit } from './git-process';
import { parseRemoteUrl } from './remote-url';

const context: FailureContext = {
  address: parseRemoteUrl('https://git.example.com/timed-out/certificate.git', ['https']),
  hasPassword: true,
  hasSshKey: false,
  scrub: (text) => text.replaceAll('/data/cache', '…'),
};

const AT = "'https://git.example.com/timed-out/certificate.git/'";

describe('toGitError', () => {
  it.each([
    [`fatal: Authentication failed for ${AT}`, 'git-authentication-failed', false],
    [`fatal: unable to access ${AT}: The requested URL returned error: 403`, 'git-authentication-failed', false],
    [
      "fatal: could not read Username for 'https://git.example.com': terminal prompts disabled",
      'git-authentication-failed',
      false,
    ],
    [
      'git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.',
      'git-authentication-failed',
      false,
    ],
    [`fatal: repository ${AT} not found`, 'git-repository-not-found', false],
    ['ERROR: Repository not found.\nfatal: Could not read from remote repository.', 'git-repository-not-found', false],
    [
      "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
      'git-repository-not-found',
      false,
    ],
    [`fatal: unable to access ${AT}: Could not resolve host: git.example.com`, 'git-unreachable', true],
    [
      `fatal: unable to access ${AT}: Failed to connect to git.example.com port 443: Connection refused`,
      'git-unreachable',
      true,
    ],
    [`fatal: unable to access ${AT}: The requested URL returned error: 503`, 'git-unreachable', true],
    [`fatal: unable to access ${AT}: server certificate verification failed. CAfile: none`, 'git-unreachable', false],
    ['error: RPC failed; curl 28 Operation too slow. Less than 1000 bytes/sec', 'git-unreachable', true],
    ['fatal: early EOF\nfatal: fetch-pack: invalid index-pack output', 'git-unreachable', true],
    [
      '@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.',
      'git-unreachable',
      false,
    ],
    [`fatal: unable to access ${AT}: The requested URL returned error: 301`, 'git-url-invalid', false],
    ["fatal: transport 'ext' not allowed", 'git-scheme-not-allowed', false],
    ['fatal: write error: No space left on device', 'git-no-space', false],
    ['Error: spawn git ENOENT\n    at ChildProcess', 'git-failed', false],
  ])('takes %j for %s', (stderr, code, isTransient) => {
    expect(toGitError(new GitExit(128, stderr), context)).toMatchObject({ code, isTransient });
  });

  it('says "authentication" and which fields to look at', () => {
    const exit = new GitExit(128, `fatal: Authentication failed for ${AT}`);
    expect(toGitError(exit, context).message).toMatch(/authentication.*check `git_username` and `git_password`/);
    expect(toGitError(exit, { ...context, hasPassword: false }).message).toMatch(/asks for credentials/);
  });

  it.each([
    ['fatal: remote error: upload-pack: not our ref 0123', true],
    ["fatal: couldn't find remote ref main", true],
    ['error: Server does not allow request for unadvertised object 0123', false],
    ['fatal: dumb http transport does not support shallow capabilities', false],
  ])('recognises a commit that is not handed out: %j', (stderr, isMissing) => {
    const error = toGitError(new GitExit(128, stderr), context);
    expect(error).toBeInstanceOf(CommitRefusedError);
    expect(error).toMatchObject({ isMissing, code: 'git-ref-not-found' });
  });

  it('is not misled by words in the URL', () => {
    const exit = new GitExit(128, `fatal: unable to access ${AT}: something new`);
    expect(toGitError(exit, context)).toMatchObject({ code: 'git-failed' });
  });

  it('repeats the telling line of anything unknown, scrubbed and not too long', () => {
    const exit = new GitExit(128, `hint: x\nfatal: bad thing in /data/cache/1 ${'y'.repeat(1000)}\nhint: z\n`);
    const { message } = toGitError(exit, context);
    expect(message).toMatch(/^Git failed: bad thing in …\/1 y+$/);
    expect(message.length).toBeLessThan(320);
  });

  it('does not take a killed git for one that has ended', () => {
    expect(toGitError(new GitExit(null, ''), context).message).toMatch(/killed/);
  });
});
