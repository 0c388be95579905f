/** What the server passes on of its own environment: how to find programs, proxies and certificates. */
const PASSED_ON = [
  'PATH',
  'TMPDIR',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** Settings of every git process; there is no other configuration than these and the repository's own. */
const CONFIGURATION: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.untrackedCache', 'false'],
  // A redirect could lead to a host that was never checked.
  ['http.followRedirects', 'false'],
  ['transfer.credentialsInUrl', 'die'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.detachedHead', 'false'],
];

export interface EnvironmentOptions {
  /** The server's own environment. */
  own: NodeJS.ProcessEnv;
  /** A private, empty home: no `.netrc`, no attributes. */
  homeDir: string;
  /** The server is given up when it sends less than 1000 bytes a second for so long. */
  stallSeconds: number;
}

/** The environment of every git process, without anything of a particular remote. */
export function baseEnvironment(options: EnvironmentOptions): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = options.own[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    ...environment,
    HOME: options.homeDir,
    // Messages are recognised by their English text.
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_HTTP_LOW_SPEED_LIMIT: '1000',
    GIT_HTTP_LOW_SPEED_TIME: String(options.stallSeconds),
  };
}

/** Git configuration as environment variables: out of reach of the command line and of every file. */
export function gitConfiguration(more: readonly (readonly [string, string])[] = []): Record<string, string> {
  const settings = [...CONFIGURATION, ...more];
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  settings.forEach(([key, value], index) => {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return environment;
}

/**
 * Makes curl connect to the addresses that were checked and to no others.
 * @param addresses literal addresses, in the order to try
 */
export function pinnedHost(host: string, port: number, addresses: readonly string[]): readonly [string, string] {
  const list = addresses.map((address) => (address.includes(':') ? `[${address}]` : address)).join(',');
  return ['http.curloptResolve', `${host}:${port}:${list}`];
}

/** Whether git reaches hosts of this scheme through a proxy, which then looks names up itself. */
export function usesProxy(environment: Readonly<Record<string, string>>, scheme: string): boolean {
  if (scheme === 'http') return Boolean(environment.http_proxy ?? environment.all_proxy ?? environment.ALL_PROXY);
  if (scheme !== 'https') return false;
  const { https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY } = environment;
  return Boolean(https_proxy ?? HTTPS_PROXY ?? all_proxy ?? ALL_PROXY);
}
