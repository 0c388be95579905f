import type { FieldError } from '../errors';

const MAX_NAME_LENGTH = 255;
const MAX_VARIABLES = 500;
/** Linux takes no longer `NAME=value` with its final NUL for one string of the environment. */
const MAX_STRING_BYTES = 128 * 1024;
const MAX_TOTAL_BYTES = 1024 * 1024;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

type Reason = keyof typeof REASONS;
const REASONS = {
  process: 'it changes how programs are found, loaded or run',
  tool: 'the platform sets how the tool runs',
  backend: 'the platform sets the connection to the state',
  git: 'the platform sets how Git and SSH connect',
  network: 'certificates and proxies are set by the operator of the platform',
  token: 'the platform sets the token of its own registry',
} as const;

const REFUSED_NAMES = new Map<string, Reason>([
  ...names('process', 'PATH HOME SHELL BASH_ENV ENV IFS SHELLOPTS BASHOPTS TMPDIR BROWSER XDG_CONFIG_HOME'),
  ...names('process', 'NODE_OPTIONS NODE_PATH RUBYOPT RUBYLIB GODEBUG GOTRACEBACK GCONV_PATH GLIBC_TUNABLES'),
  ...names('tool', 'TF_CLI_CONFIG_FILE TERRAFORM_CONFIG TF_DATA_DIR TF_WORKSPACE TF_INPUT TF_IN_AUTOMATION'),
  ...names('tool', 'TF_PLUGIN_CACHE_DIR TF_REATTACH_PROVIDERS TF_TEMP_LOG_PATH TF_DISABLE_PLUGIN_TLS TF_ENCRYPTION'),
  ...names('backend', 'TF_FORCE_LOCAL_BACKEND TF_STATE_PERSIST_INTERVAL'),
  ...names('network', 'NETRC NODE_EXTRA_CA_CERTS'),
]);

/** Settings of the backend `http`: the platform's own when it keeps the state, the configuration's otherwise. */
const BACKEND_PREFIX = 'TF_HTTP_';

/** Who sets the connection to the state: the platform, which keeps it, or the configuration with a backend of its own. */
export type BackendOwner = 'platform' | 'configuration';

const REFUSED_PREFIXES: readonly [prefix: string, reason: Reason][] = [
  ['LD_', 'process'],
  ['DYLD_', 'process'],
  ['PYTHON', 'process'],
  ['PERL5', 'process'],
  ['PLUGIN_', 'process'],
  ['TF_CLI_ARGS', 'tool'],
  ['TF_PLUGIN_CACHE_MAY_BREAK_', 'tool'],
  ['TF_LOG', 'tool'],
  ['TF_ACC', 'tool'],
  ['TF_REGISTRY_', 'tool'],
  ['TF_CLOUD_', 'tool'],
  ['OPENTOFU_', 'tool'],
  ['TOFU_', 'tool'],
  [BACKEND_PREFIX, 'backend'],
  ['GIT_', 'git'],
  ['SSH_', 'git'],
  ['SSL_CERT_', 'network'],
];

/** Programs read proxy variables in capitals, in small letters, or in any case. */
const PROXY = /_proxy$/i;
const TOKEN_PREFIX = 'TF_TOKEN_';

/**
 * Why users may not set an environment variable of this name, as a clause; null when they may.
 *
 * @param platformTokenNames the `TF_TOKEN_…` names that stand for the platform's own host
 * @param backendOwner whose the backend of the run is
 */
export function refusedEnvironmentName(
  name: string,
  platformTokenNames: readonly string[] = [],
  backendOwner: BackendOwner = 'platform',
): string | null {
  if (name.length > MAX_NAME_LENGTH) return `a name has at most ${MAX_NAME_LENGTH} characters`;
  if (!NAME.test(name)) return 'a name consists of letters, digits and underscores and does not begin with a digit';
  if (name.startsWith('TF_VAR_')) return null;
  if (backendOwner === 'configuration' && isBackendVariable(name)) return null;
  const reason =
    REFUSED_NAMES.get(name) ??
    REFUSED_PREFIXES.find(([prefix]) => name.startsWith(prefix))?.[1] ??
    (PROXY.test(name) ? 'network' : undefined) ??
    (platformTokenNames.some((token) => isSameToken(name, token)) ? 'token' : undefined);
  return reason === undefined ? null : REASONS[reason];
}

/** Whether a variable of the environment is a setting of the backend `http`. */
export function isBackendVariable(name: string): boolean {
  return name.startsWith(BACKEND_PREFIX);
}

/**
 * Checks variables that a user gives for a run or a deployment. The messages never hold a value.
 *
 * @param field name of the field on the wire that holds them
 */
export function checkEnvironment(
  env: Readonly<Record<string, unknown>>,
  field: string,
  platformTokenNames: readonly string[] = [],
  backendOwner: BackendOwner = 'platform',
): FieldError[] {
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    return [{ field, message: 'must be an object of names and values' }];
  }
  const entries = Object.entries(env);
  if (entries.length > MAX_VARIABLES) return [{ field, message: `must not have more than ${MAX_VARIABLES} variables` }];

  const errors: FieldError[] = [];
  let total = 0;
  for (const [name, value] of entries) {
    const shown = printable(name);
    const refusal = refusedEnvironmentName(name, platformTokenNames, backendOwner);
    const problem = valueProblem(name, value);
    if (refusal !== null) errors.push({ field: `${field}.${shown}`, message: `${shown} is refused: ${refusal}` });
    if (problem !== null) errors.push({ field: `${field}.${shown}`, message: `the value of ${shown} ${problem}` });
    if (typeof value === 'string') total += stringBytes(name, value);
  }
  if (total > MAX_TOTAL_BYTES) errors.push({ field, message: 'must not be larger than 1 MiB in all' });
  return errors;
}

function valueProblem(name: string, value: unknown): string | null {
  if (typeof value !== 'string') return 'must be a string';
  if (value.includes('\0')) return 'must not contain a NUL character';
  if (stringBytes(name, value) > MAX_STRING_BYTES) return 'must not be larger than 128 KiB (with its name)';
  return null;
}

/** Size of `NAME=value` and its NUL. */
function stringBytes(name: string, value: string): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
}

/** A name as it can stand in a message: a refused one may hold anything. */
function printable(name: string): string {
  if (NAME.test(name) && name.length <= MAX_NAME_LENGTH) return name;
  const text = JSON.stringify(name.slice(0, 64));
  return name.length > 64 ? `${text}…` : text;
}

/** The tool compares host names without regard to case. */
function isSameToken(name: string, token: string): boolean {
  return name.startsWith(TOKEN_PREFIX) && name.toLowerCase() === token.toLowerCase();
}

function names(reason: Reason, list: string): [string, Reason][] {
  return list.split(' ').map((name) => [name, reason]);
}
