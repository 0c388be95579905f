import { accessSync, constants, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import {
  BuildsConfig,
  GitConfig,
  LoggingConfig,
  PlomadaConfig,
  RegistryConfig,
  RunsConfig,
  SecretsConfig,
  ServerConfig,
  StateConfig,
  StorageConfig,
} from './config';
import { packageRoot } from './package-root';
import { Setting, SettingError } from './setting';
import { GIT_SCHEMES, parseCommand, SettingName, SETTINGS } from './settings';

/** All that is wrong with the environment, a line each. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

type Values = { [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never };

/**
 * Reads the whole configuration from an environment.
 * @throws ConfigError that names every problem at once.
 */
export function loadConfig(env: NodeJS.ProcessEnv, isTerminal = false): PlomadaConfig {
  const problems: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    try {
      values[name] = readSetting(name, setting, env);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      problems.push(`${name} ${error.message}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const config = assemble(values as Values, isTerminal, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readSetting(name: SettingName, setting: Setting<unknown>, env: NodeJS.ProcessEnv): unknown {
  let given = env[name];
  const file = setting.secret ? env[`${name}_FILE`] : undefined;
  if (file) {
    if (given) throw new SettingError(`is given twice: as ${name} and as ${name}_FILE`);
    try {
      given = readFileSync(file, 'utf8').trim();
    } catch {
      throw new SettingError(`cannot be read from the file that ${name}_FILE names`);
    }
    if (given === '') throw new SettingError(`is empty in the file that ${name}_FILE names`);
  }
  if (given === undefined || (given.trim() === '' && !setting.emptyMeansEmpty)) return setting.fallback;
  return setting.parse(given.trim());
}

function assemble(values: Values, isTerminal: boolean, problems: string[]): PlomadaConfig {
  if ((values.TLS_CERT_FILE === null) !== (values.TLS_KEY_FILE === null)) {
    problems.push('TLS_CERT_FILE and TLS_KEY_FILE go together: give both or none');
  }
  const tls =
    values.TLS_CERT_FILE !== null && values.TLS_KEY_FILE !== null
      ? { certFile: values.TLS_CERT_FILE, keyFile: values.TLS_KEY_FILE }
      : null;
  for (const name of ['TLS_CERT_FILE', 'TLS_KEY_FILE'] as const) {
    const file = values[name];
    if (file !== null && !isReadable(file)) problems.push(`${name} names a file that cannot be read: ${file}`);
  }
  if (values.RUNNER_USER !== null && process.getuid?.() !== 0) {
    problems.push('RUNNER_USER needs a server that runs as root');
  }
  const tlsMistake = tls !== null && problems.length === 0 ? tlsProblem(tls) : null;
  if (tlsMistake !== null) problems.push(tlsMistake);
  const dataDir = resolve(values.DATA_DIR);
  const [uid = 0, gid = 0] = (values.RUNNER_USER ?? '').split(':').map(Number);
  return {
    server: new ServerConfig(
      values.PORT,
      values.HOST,
      publicUrl(values, tls !== null),
      values.RUNNER_SERVER_URL === null ? null : new URL(values.RUNNER_SERVER_URL).origin,
      values.TRUST_PROXY,
      tls,
      values.CORS_ORIGINS,
      values.RATE_LIMIT_PER_MINUTE,
      values.METRICS_PORT === 0 ? null : values.METRICS_PORT,
    ),
    storage: new StorageConfig(
      dataDir,
      values.WORK_ROOT === null ? join(dataDir, 'work') : resolve(values.WORK_ROOT),
      values.DATABASE_URL === null ? join(dataDir, 'plomada.db') : resolve(values.DATABASE_URL.slice('sqlite:'.length)),
    ),
    secrets: new SecretsConfig(
      values.ADMIN_API_KEY,
      values.ENCRYPTION_KEY === null ? null : Buffer.from(values.ENCRYPTION_KEY, 'base64'),
      values.ENCRYPTION_KEY_LOST,
    ),
    runs: new RunsConfig(
      values.RUNNER_COMMAND === null
        ? [process.execPath, join(packageRoot(), 'dist/runner/iac-runner.js')]
        : parseCommand(values.RUNNER_COMMAND),
      values.RUNNER_COMMAND === null,
      values.RUNNER_USER === null ? null : { uid, gid },
      values.RUNNER_CONCURRENCY,
      values.RUN_TIMEOUT_MINUTES,
      values.CANCEL_GRACE_SECONDS,
      values.APPROVAL_TTL_HOURS,
      values.WORKDIR_TTL_HOURS,
      values.LOG_MAX_BYTES,
      values.DRAIN_SECONDS,
      values.IAC_RUNNER_TOOLS_DIR === null ? null : resolve(values.IAC_RUNNER_TOOLS_DIR),
    ),
    git: new GitConfig(
      GIT_SCHEMES.filter((scheme) => values.GIT_ALLOWED_SCHEMES.includes(scheme)),
      values.GIT_BLOCKED_NETWORKS,
      values.GIT_TIMEOUT_SECONDS,
      values.GIT_MAX_BYTES,
    ),
    state: new StateConfig(values.STATE_MAX_BYTES, values.STATE_KEEP_VERSIONS, values.STATE_LOCK_TIMEOUT_SECONDS),
    registry: new RegistryConfig(values.UPLOAD_MAX_BYTES, values.SYNC_INTERVAL_MINUTES, values.DOWNLOAD_IDLE_SECONDS),
    builds: new BuildsConfig(values.BUILD_CONCURRENCY, values.BUILD_TIMEOUT_MINUTES, values.BUILD_GOPROXY),
    logging: new LoggingConfig(
      values.LOG_LEVEL,
      values.LOG_FORMAT === 'auto' ? (isTerminal ? 'pretty' : 'json') : values.LOG_FORMAT,
    ),
  };
}

/** What is wrong with a certificate and its key; null when TLS can be served with them. */
function tlsProblem(tls: { certFile: string; keyFile: string }): string | null {
  try {
    createSecureContext({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) });
    return null;
  } catch {
    return 'TLS_CERT_FILE and TLS_KEY_FILE are not a PEM certificate and the key that belongs to it';
  }
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function publicUrl(values: Values, isTls: boolean): string | null {
  if (values.PUBLIC_URL !== null) return new URL(values.PUBLIC_URL).origin;
  if (values.PORT === 0) return null;
  return `${isTls ? 'https' : 'http'}://127.0.0.1:${values.PORT}`;
}
