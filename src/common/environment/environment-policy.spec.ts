import { checkEnvironment, refusedEnvironmentName } from './environment-policy';

const refused = [
  ...['PATH', 'HOME', 'SHELL', 'BASH_ENV', 'ENV', 'IFS', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'DYLD_INSERT_LIBRARIES'],
  ...['TF_CLI_CONFIG_FILE', 'TERRAFORM_CONFIG', 'TF_CLI_ARGS', 'TF_CLI_ARGS_apply', 'TF_CLI_ARGS_plan', 'TF_DATA_DIR'],
  ...['TF_WORKSPACE', 'TF_PLUGIN_CACHE_DIR', 'TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE', 'TF_REATTACH_PROVIDERS'],
  ...['TF_LOG', 'TF_LOG_PATH', 'TF_LOG_CORE', 'TF_LOG_PROVIDER', 'TF_TEMP_LOG_PATH', 'TF_HTTP_ADDRESS'],
  ...['TF_HTTP_PASSWORD', 'TF_FORCE_LOCAL_BACKEND', 'TF_CLOUD_ORGANIZATION', 'TF_DISABLE_PLUGIN_TLS', 'TF_ENCRYPTION'],
  ...['OPENTOFU_STATESTORE_TOKEN', 'TF_INPUT', 'TF_IN_AUTOMATION', 'TF_STATE_PERSIST_INTERVAL', 'TF_ACC', 'TF_ACC_LOG'],
  ...[
    'TF_REGISTRY_DISCOVERY_RETRY',
    'TOFU_LOG',
    'GIT_SSH_COMMAND',
    'GIT_ASKPASS',
    'GIT_CONFIG_COUNT',
    'GIT_SSL_NO_VERIFY',
  ],
  ...['GIT_EXEC_PATH', 'GIT_PROXY_COMMAND', 'SSH_AUTH_SOCK', 'SSH_ASKPASS', 'NETRC', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['HTTP_PROXY', 'http_proxy', 'Https_Proxy', 'ALL_PROXY', 'all_proxy', 'NO_PROXY', 'no_proxy', 'FTP_PROXY'],
  ...[
    'NODE_OPTIONS',
    'NODE_EXTRA_CA_CERTS',
    'PYTHONPATH',
    'PYTHONSTARTUP',
    'PERL5LIB',
    'PERL5OPT',
    'RUBYOPT',
    'GODEBUG',
  ],
  ...['GOTRACEBACK', 'BROWSER', 'TMPDIR', 'PLUGIN_MIN_PORT', 'PLUGIN_PROTOCOL_VERSIONS'],
];
const malformed = [
  '',
  '1A',
  'A-B',
  'A B',
  'A=B',
  'A\0',
  'Ä',
  'A\n',
  'TF_VAR_a-b',
  'A.B',
  'A'.repeat(256),
  '__proto__ ',
];
const allowed = [
  ...['TF_VAR_region', 'TF_VAR_PATH', 'TF_VAR_http_proxy', 'AWS_ACCESS_KEY_ID', 'AWS_REGION', 'ARM_CLIENT_SECRET'],
  ...['GOOGLE_CREDENTIALS', 'KUBECONFIG', 'VAULT_TOKEN', 'TF_TOKEN_app_terraform_io', 'TF_APPEND_USER_AGENT'],
  ...['DATABASE_URL', 'MY_PATH', 'HOMEPAGE', 'path', '_', 'a1', 'GITHUB_TOKEN', 'GITLAB_TOKEN', 'PROXY', '__proto__'],
  ...['constructor', 'TZ', 'LANG', 'A'.repeat(255)],
];

describe('refusedEnvironmentName', () => {
  it.each(refused)('refuses %s and says why', (name) => {
    expect(refusedEnvironmentName(name)).toMatch(/^(?:it|the platform|certificates)/);
  });

  it.each(malformed)('refuses %j as no name', (name) => {
    expect(refusedEnvironmentName(name)).toMatch(/^a name/);
  });

  it.each(allowed)('allows %s', (name) => {
    expect(refusedEnvironmentName(name)).toBeNull();
  });

  it('leaves the settings of the backend to a configuration that has one of its own, and nothing else', () => {
    const allowedNow = refused.filter((name) => refusedEnvironmentName(name, [], 'configuration') === null);
    expect(allowedNow).toEqual(['TF_HTTP_ADDRESS', 'TF_HTTP_PASSWORD']);
    expect(refusedEnvironmentName('TF_HTTP_A-B', [], 'configuration')).toMatch(/^a name/);
    expect(checkEnvironment({ TF_HTTP_USERNAME: 'x' }, 'env_vars', [], 'configuration')).toEqual([]);
    expect(checkEnvironment({ TF_HTTP_USERNAME: 'x' }, 'env_vars')).toHaveLength(1);
  });

  it('refuses the token of the platform itself, in any case', () => {
    const own = ['TF_TOKEN_registry_example_com'];
    expect(refusedEnvironmentName('TF_TOKEN_registry_example_com', own)).toMatch(/token/);
    expect(refusedEnvironmentName('TF_TOKEN_REGISTRY_example_com', own)).toMatch(/token/);
    expect(refusedEnvironmentName('TF_TOKEN_other_example_com', own)).toBeNull();
  });
});

describe('checkEnvironment', () => {
  const fields = (env: Record<string, unknown>): string[] =>
    checkEnvironment(env, 'env_vars').map(({ field }) => field);
  const many = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`V${i}`, value]));

  it.each<[string, Record<string, unknown>, string[]]>([
    ['nothing', {}, []],
    ['good ones', { TF_VAR_a: '', AWS_REGION: 'eu', TEXT: 'line\nline "x" é' }, []],
    ['a refused name', { OK: 'x', LD_PRELOAD: 'x' }, ['env_vars.LD_PRELOAD']],
    ['a name that is none', { 'A\nB': 'x' }, ['env_vars."A\\nB"']],
    ['a value that is no string', { A: 1, B: null, C: ['x'] }, ['env_vars.A', 'env_vars.B', 'env_vars.C']],
    ['a NUL', { A: 'x\0y' }, ['env_vars.A']],
    ['the longest value', { A: 'x'.repeat(128 * 1024 - 3) }, []],
    ['a value over 128 KiB', { A: 'x'.repeat(128 * 1024 - 2) }, ['env_vars.A']],
    ['a value over 128 KiB in UTF-8', { A: 'é'.repeat(70 * 1024) }, ['env_vars.A']],
    ['500 variables', many(500, 'x'), []],
    ['501 variables', many(501, 'x'), ['env_vars']],
    ['over 1 MiB in all', many(11, 'x'.repeat(100_000)), ['env_vars']],
    ['both a bad name and a bad value', { PATH: 1 }, ['env_vars.PATH', 'env_vars.PATH']],
  ])('%s', (_name, env, expected) => {
    expect(fields(env)).toEqual(expected);
  });

  it('names the variable and does not show its value', () => {
    expect(checkEnvironment({ LD_PRELOAD: 'hunter2\0' }, 'sensitive_env_vars')).toEqual([
      {
        field: 'sensitive_env_vars.LD_PRELOAD',
        message: 'LD_PRELOAD is refused: it changes how programs are found, loaded or run',
      },
      { field: 'sensitive_env_vars.LD_PRELOAD', message: 'the value of LD_PRELOAD must not contain a NUL character' },
    ]);
  });

  it('cuts a name that is too long to be shown', () => {
    expect(checkEnvironment({ ['-'.repeat(5_000)]: 'x' }, 'env_vars')[0]?.message.length).toBeLessThan(200);
  });

  it('refuses what is no object', () => {
    expect(checkEnvironment(['A'] as unknown as Record<string, string>, 'env_vars')).toHaveLength(1);
  });
});
