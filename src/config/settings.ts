import { BlockList, isIP } from 'node:net';
import { cpus } from 'node:os';
import { boolean, bytes, integer, list, oneOf, optionalText, text } from './setting';

export const GIT_SCHEMES = ['https', 'ssh', 'http', 'file'] as const;
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export const LOG_FORMATS = ['pretty', 'json', 'auto'] as const;

const MIB = 2 ** 20;

/** Every setting of the server. `docs/configuration.md` is generated from this table. */
export const SETTINGS = {
  PORT: integer(9080, { min: 0, max: 65535 }, { meaning: 'Port to listen on; 0 picks a free one.' }),
  HOST: text('127.0.0.1', { meaning: 'Address to listen on (`0.0.0.0` in a container).' }),
  PUBLIC_URL: optionalText(
    {
      shownDefault: '`http://HOST:PORT`',
      meaning:
        'What clients are told. Terraform refuses module hosts without a dot, so not `localhost`. Behind a proxy it must be set.',
    },
    checkPublicUrl,
  ),
  RUNNER_SERVER_URL: optionalText(
    {
      shownDefault: '`http://HOST:PORT`, with TLS `PUBLIC_URL`',
      meaning: 'How the terraform and tofu of runs reach this server, for its own registry.',
    },
    checkPublicUrl,
  ),
  TRUST_PROXY: boolean(false, { meaning: 'Believe `X-Forwarded-*` headers of a proxy in front of the server.' }),
  TLS_CERT_FILE: optionalText({ meaning: 'PEM certificate chain: listen with TLS. Needs `TLS_KEY_FILE`.' }),
  TLS_KEY_FILE: optionalText({ meaning: 'PEM private key that belongs to `TLS_CERT_FILE`.' }),
  DATA_DIR: text('./data', { meaning: 'Database, artefacts, Git mirrors, encryption key file and admin key file.' }),
  WORK_ROOT: optionalText({ shownDefault: '`DATA_DIR/work`', meaning: 'Working directories of runs.' }),
  DATABASE_URL: optionalText(
    { shownDefault: '`sqlite:DATA_DIR/plomada.db`', secret: true, meaning: 'Database: `sqlite:PATH`.' },
    (given) => (/^sqlite:.+/.test(given) ? null : 'must be sqlite:PATH (other databases are not supported yet)'),
  ),
  ADMIN_API_KEY: optionalText(
    {
      secret: true,
      meaning: 'The first platform admin key, instead of a generated one: `plm_` and 40 or more letters and digits.',
    },
    checkAdminKey,
  ),
  ENCRYPTION_KEY: optionalText(
    {
      shownDefault: 'key file in `DATA_DIR`, made on first start',
      secret: true,
      meaning: '32 random bytes in base64 that encrypt secrets at rest (`openssl rand -base64 32`).',
    },
    checkEncryptionKey,
  ),
  ENCRYPTION_KEY_LOST: boolean(false, {
    meaning: 'Start although the key opens nothing of what is stored: when the right one is lost for good.',
  }),
  RUNNER_COMMAND: optionalText(
    {
      shownDefault: 'the bundled iac-runner',
      meaning:
        'What the server starts for each command: a JSON array of words, or words separated by spaces (no shell, no quotes).',
    },
    checkCommand,
  ),
  RUNNER_USER: optionalText({ meaning: '`uid:gid` (numbers) the runner runs as, when the server is root.' }, (given) =>
    /^\d+:\d+$/.test(given) ? null : 'must be uid:gid in numbers, such as 1000:1000',
  ),
  RUNNER_CONCURRENCY: integer(
    Math.max(2, cpus().length),
    { min: 1, max: 1000 },
    { shownDefault: 'number of cores, at least 2', meaning: 'Runner processes at once.' },
  ),
  RUN_TIMEOUT_MINUTES: integer(
    30,
    { min: 1, max: 1440 },
    { meaning: 'Default timeout of each command of a run, in minutes.' },
  ),
  CANCEL_GRACE_SECONDS: integer(
    30,
    { min: 0, max: 3600 },
    { meaning: 'Seconds between the interrupt of a cancel or timeout and the kill.' },
  ),
  DRAIN_SECONDS: integer(
    0,
    { min: 0, max: 86400 },
    {
      meaning:
        'Seconds a stopping server waits for runs at work. 0: it lets go of them at once, and the next server follows them; ' +
        'set it where the end of the server ends them too, as in a container.',
    },
  ),
  IAC_RUNNER_TOOLS_DIR: optionalText({
    meaning: 'Folder with further versions of the tools, as `TOOL/VERSION/TOOL`, for runs that ask for one.',
  }),
  APPROVAL_TTL_HOURS: integer(
    24,
    { min: 1, max: 8760 },
    { meaning: 'Hours after which a plan that nobody approved is cancelled.' },
  ),
  WORKDIR_TTL_HOURS: integer(
    24,
    { min: 1, max: 8760 },
    { meaning: 'Age in hours, since the run ended, at which its working directory is removed.' },
  ),
  LOG_MAX_BYTES: bytes(64 * MIB, {
    shownDefault: '64MiB',
    meaning: 'Kept of the log of each phase of a run: the beginning, a marker, and the end.',
  }),
  STATE_MAX_BYTES: bytes(256 * MIB, { shownDefault: '256MiB', meaning: 'Largest state that is taken.' }),
  STATE_KEEP_VERSIONS: integer(
    100,
    { min: 1, max: 100_000 },
    { meaning: 'Versions kept of the state of each folder of a deployment.' },
  ),
  STATE_LOCK_TIMEOUT_SECONDS: integer(
    60,
    { min: 0, max: 86400 },
    { meaning: 'Seconds a run waits for a state that somebody else has locked.' },
  ),
  GIT_ALLOWED_SCHEMES: list(
    ['https', 'ssh'],
    { meaning: 'URL schemes git may use: `https`, `ssh`, `http`, `file`.' },
    (item) =>
      GIT_SCHEMES.some((scheme) => scheme === item) ? null : `may hold ${GIT_SCHEMES.join(', ')}, got "${item}"`,
  ),
  GIT_BLOCKED_NETWORKS: list(
    ['127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10', '0.0.0.0/8', '::/128'],
    {
      shownDefault: 'loopback, link-local',
      meaning: 'Networks (CIDR, comma-separated) that git may not reach; an empty value blocks none.',
    },
    checkNetwork,
  ),
  GIT_TIMEOUT_SECONDS: integer(
    300,
    { min: 1, max: 86400 },
    { meaning: 'Longest time of one clone or fetch, in seconds.' },
  ),
  GIT_MAX_BYTES: bytes(2 ** 30, { shownDefault: '1GiB', meaning: 'Largest repository that is cloned.' }),
  SYNC_INTERVAL_MINUTES: integer(
    15,
    { min: 0, max: 10_080 },
    { meaning: 'Minutes between two looks at the tags of each repository of a module or provider; 0 switches it off.' },
  ),
  UPLOAD_MAX_BYTES: bytes(500 * MIB, {
    shownDefault: '500MiB',
    meaning: 'Largest upload of a module or provider, and largest archive made of a repository.',
  }),
  DOWNLOAD_IDLE_SECONDS: integer(
    60,
    { min: 1, max: 3600 },
    { meaning: 'A download of which the client reads nothing for so long is ended, in seconds.' },
  ),
  BUILD_CONCURRENCY: integer(1, { min: 1, max: 100 }, { meaning: 'Builds of providers at once.' }),
  BUILD_TIMEOUT_MINUTES: integer(
    30,
    { min: 1, max: 1440 },
    { meaning: 'Timeout of the build of each platform of a provider, in minutes.' },
  ),
  BUILD_GOPROXY: text('https://proxy.golang.org', {
    meaning:
      'Where builds of providers get their Go modules from (`GOPROXY`); `off` allows none but vendored ones. With `,direct` a build may connect to whatever its `go.mod` names, also inside your network.',
  }),
  CORS_ORIGINS: list([], { meaning: 'Origins of a frontend elsewhere, comma-separated; never `*`.' }, (item) =>
    /^https?:\/\/[^/*\s]+$/.test(item) ? null : `must be origins such as https://ui.example.com, got "${item}"`,
  ),
  RATE_LIMIT_PER_MINUTE: integer(
    600,
    { min: 0, max: 1_000_000 },
    {
      meaning:
        'Requests per minute and key (or address, without a key); a sixth of it for wrong keys, ten times as many for discovery and signed links of an address. 0 switches it off.',
    },
  ),
  METRICS_PORT: integer(
    0,
    { min: 0, max: 65535 },
    { shownDefault: '–', meaning: 'Serve `/metrics` without a key on this port of `HOST`.' },
  ),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info', { meaning: '`error`, `warn`, `info` or `debug`.' }),
  LOG_FORMAT: oneOf(LOG_FORMATS, 'auto', {
    shownDefault: 'pretty on a terminal, else json',
    meaning: '`pretty`, `json` or `auto`.',
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

function checkPublicUrl(given: string): string | null {
  if (!URL.canParse(given)) return 'must be a URL such as https://plomada.example.com';
  const url = new URL(given);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must start with http:// or https://';
  if (url.username || url.password || url.search || url.hash) return 'must not hold a user, a query or a fragment';
  if (url.pathname !== '/') return 'must not have a path: the platform needs the root of its host';
  return null;
}

function checkAdminKey(given: string): string | null {
  return /^plm_[0-9A-Za-z]{40,200}$/.test(given)
    ? null
    : 'must be plm_ and 40 to 200 letters and digits (leave it out to have one made)';
}

function checkEncryptionKey(given: string): string | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(given) || Buffer.from(given, 'base64').length !== 32) {
    return 'must be 32 bytes in base64; make one with: openssl rand -base64 32';
  }
  const key = Buffer.from(given, 'base64');
  if (new Set(key).size < 12) return 'is a placeholder, not a random key; make one with: openssl rand -base64 32';
  return null;
}

function checkCommand(given: string): string | null {
  return parseCommand(given).length > 0 ? null : 'must be a JSON array of words, or words separated by spaces';
}

/** Splits RUNNER_COMMAND: a JSON array of strings, or words separated by spaces. Empty when it is neither. */
export function parseCommand(given: string): string[] {
  if (!given.trimStart().startsWith('[')) return given.split(/\s+/).filter((word) => word !== '');
  try {
    const words: unknown = JSON.parse(given);
    if (Array.isArray(words) && words.every((word): word is string => typeof word === 'string' && word !== ''))
      return words;
  } catch {
    return [];
  }
  return [];
}

function checkNetwork(item: string): string | null {
  const [address = '', prefix = ''] = item.split('/');
  const family = isIP(address);
  const problem = `must be networks such as 10.0.0.0/8 or fd00::/8, got "${item}"`;
  if (family === 0 || !/^\d+$/.test(prefix)) return problem;
  try {
    new BlockList().addSubnet(address, Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
    return null;
  } catch {
    return problem;
  }
}
