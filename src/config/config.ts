import type { GIT_SCHEMES, LOG_LEVELS } from './settings';

/** Where and how the server listens. */
export class ServerConfig {
  constructor(
    readonly port: number,
    readonly host: string,
    /** What clients are told, without a slash at the end; null until the port is known (`PORT=0`). */
    readonly publicUrl: string | null,
    /** How the tools of runs reach the server; null: at its own port, or with TLS at its public URL. */
    readonly runnerServerUrl: string | null,
    readonly trustProxy: boolean,
    readonly tls: { certFile: string; keyFile: string } | null,
    readonly corsOrigins: string[],
    readonly rateLimitPerMinute: number,
    readonly metricsPort: number | null,
  ) {}
}

/** Where things are kept; absolute paths. */
export class StorageConfig {
  constructor(
    readonly dataDir: string,
    readonly workRoot: string,
    readonly databaseFile: string,
  ) {}
}

/** Secrets given by the operator; null where the platform makes its own. */
export class SecretsConfig {
  constructor(
    readonly adminApiKey: string | null,
    /** 32 bytes. */
    readonly encryptionKey: Buffer | null,
    /** Start although the key opens nothing of what is stored. */
    readonly isEncryptionKeyLost: boolean,
  ) {}
}

/** How runs are run. */
export class RunsConfig {
  constructor(
    /** Program and arguments that are started for each runner call. */
    readonly runnerCommand: string[],
    /** Whether that is the bundled `iac-runner`, started directly: what it records of its tool can be relied on. */
    readonly isBundledRunner: boolean,
    readonly runnerUser: { uid: number; gid: number } | null,
    readonly concurrency: number,
    readonly timeoutMinutes: number,
    readonly cancelGraceSeconds: number,
    readonly approvalTtlHours: number,
    readonly workdirTtlHours: number,
    readonly logMaxBytes: number,
    readonly drainSeconds: number,
    readonly toolsDir: string | null,
  ) {}
}

/** What git may do. */
export class GitConfig {
  constructor(
    readonly allowedSchemes: (typeof GIT_SCHEMES)[number][],
    readonly blockedNetworks: string[],
    readonly timeoutSeconds: number,
    readonly maxBytes: number,
  ) {}
}

/** How states are kept. */
export class StateConfig {
  constructor(
    readonly maxBytes: number,
    readonly keepVersions: number,
    readonly lockTimeoutSeconds: number,
  ) {}
}

/** What the registry takes and how often it looks for new tags. */
export class RegistryConfig {
  constructor(
    readonly uploadMaxBytes: number,
    /** 0: never by itself. */
    readonly syncIntervalMinutes: number,
    /** A download that makes no progress for so long is ended. */
    readonly downloadIdleSeconds: number,
  ) {}
}

/** How providers are built. */
export class BuildsConfig {
  constructor(
    readonly concurrency: number,
    /** For each platform. */
    readonly timeoutMinutes: number,
    /** Value of `GOPROXY`. */
    readonly goProxy: string,
  ) {}
}

/** What is logged and how. */
export class LoggingConfig {
  constructor(
    readonly level: (typeof LOG_LEVELS)[number],
    readonly format: 'pretty' | 'json',
  ) {}
}

/** The whole configuration, one class a concern, so that a service is given just what it needs. */
export interface PlomadaConfig {
  server: ServerConfig;
  storage: StorageConfig;
  secrets: SecretsConfig;
  runs: RunsConfig;
  git: GitConfig;
  state: StateConfig;
  registry: RegistryConfig;
  builds: BuildsConfig;
  logging: LoggingConfig;
}
