import { CallRefusedError } from './call-refused';
import { toolEnvironment } from './environment';

describe('toolEnvironment', () => {
  it('passes on what is allowed and nothing else', () => {
    const own = {
      ...{ PATH: '/bin', HOME: '/h', USER: 'u', LANG: 'C', LC_ALL: 'C', TZ: 'UTC', TMPDIR: '/t', SSL_CERT_FILE: '/c' },
      ...{ https_proxy: 'p', NO_PROXY: 'n' },
    };
    const secrets = {
      TF_VAR_a: '1',
      TF_CLI_CONFIG_FILE: '/x',
      AWS_SECRET_ACCESS_KEY: 's',
      LD_PRELOAD: 'l',
      NODE_OPTIONS: 'n',
    };
    expect(toolEnvironment('terraform', { ...own, ...secrets, LOGNAME: undefined }, {}, 'mark')).toEqual({
      ...own,
      TF_IN_AUTOMATION: '1',
      TF_INPUT: '0',
      CHECKPOINT_DISABLE: '1',
      IAC_RUNNER_CALL: 'mark',
    });
  });

  it('lets the request decide over defaults and what was passed on, but not over the marker', () => {
    const requested = { HOME: '/other', TF_INPUT: '1', TF_HTTP_PASSWORD: 'p', TF_CLI_CONFIG_FILE: '/rc' };
    expect(toolEnvironment('terraform', { HOME: '/h' }, requested, 'mark')).toMatchObject({
      ...requested,
      IAC_RUNNER_CALL: 'mark',
    });
  });

  it('gives go its own defaults and none of terraform’s', () => {
    const own = { PATH: '/bin', HOME: '/h', GOFLAGS: '-toolexec=x', GOROOT: '/x', CGO_ENABLED: '1', TF_INPUT: '0' };
    const defaults = {
      ...{ GOTOOLCHAIN: 'local', GOENV: 'off', GOTELEMETRY: 'off', GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: '0' },
      ...{ PATH: '/bin', HOME: '/h', IAC_RUNNER_CALL: 'mark' },
    };
    expect(toolEnvironment('go', own, {}, 'mark')).toEqual(defaults);
    const requested = { GOFLAGS: '-mod=mod', CGO_ENABLED: '1', GOOS: 'darwin' };
    expect(toolEnvironment('go', own, requested, 'mark')).toEqual({ ...defaults, ...requested });
  });

  it('refuses for go what changes what go runs, and what is refused for every tool', () => {
    for (const name of ['GOROOT', 'GOTOOLCHAIN', 'CC', 'PATH', 'LD_PRELOAD', 'IAC_RUNNER_CALL']) {
      expect(() => toolEnvironment('go', {}, { [name]: 'v' }, 'mark')).toThrow(`env_vars.${name} is refused`);
    }
    expect(toolEnvironment('terraform', {}, { GOROOT: 'v' }, 'mark').GOROOT).toBe('v');
  });

  it.each([
    ...['PATH', 'ENV', 'BASH_ENV', 'IFS', 'SHELLOPTS', 'PS4', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT'],
    ...['DYLD_INSERT_LIBRARIES', 'NODE_OPTIONS', 'PYTHONPATH', 'PYTHONSTARTUP', 'PERL5OPT', 'PERL5LIB', 'RUBYOPT'],
    ...[
      'JAVA_TOOL_OPTIONS',
      'GCONV_PATH',
      'OPENSSL_CONF',
      'IAC_RUNNER_CALL',
      'IAC_RUNNER_WORK_ROOT',
      'iac_runner_stop',
    ],
  ])('refuses %s', (name) => {
    expect(() => toolEnvironment('terraform', {}, { [name]: 'a-value' }, 'mark')).toThrow(CallRefusedError);
    expect(() => toolEnvironment('terraform', {}, { [name]: 'a-value' }, 'mark')).toThrow(
      /^env_vars\.\S+ is refused: [^-]*$/,
    );
  });

  it.each(['TF_VAR_PATH', 'MY_LD_PRELOAD', 'ENVIRONMENT', 'PATH_EXTRA', 'AWS_PROFILE', 'TMPDIR'])(
    'takes %s',
    (name) => {
      expect(toolEnvironment('terraform', {}, { [name]: 'v' }, 'mark')[name]).toBe('v');
    },
  );
});
