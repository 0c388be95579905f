import { ConfigError, loadConfig } from '../config/load-config';
import { ServerLockedError } from '../database/server-lock';
import { DatabaseRefusedError } from '../database/open-database';
import { backUp } from './backup';
import { examine } from './doctor';
import { OperationRefusedError } from './operation-refused.error';
import { restore } from './restore';
import { rotateKey } from './rotate-key';
import { secretFrom } from './secret-setting';

const MIB = 2 ** 20;

const USAGE = {
  backup: 'npm run backup -- [--without-key] FILE',
  restore: 'npm run restore -- FILE',
  doctor: 'npm run doctor -- [--deep] [--json]',
  'rotate-key': 'npm run rotate-key',
} as const;

type OperationName = keyof typeof USAGE;

interface Call {
  files: string[];
  flags: Set<string>;
  env: NodeJS.ProcessEnv;
}

/** What each operation does with its arguments. Each prints what it did and gives the exit status. */
const OPERATIONS: Record<OperationName, { flags: string[]; files: number; run: (call: Call) => Promise<number> }> = {
  backup: { flags: ['--without-key'], files: 1, run: runBackup },
  restore: { flags: [], files: 1, run: runRestore },
  doctor: { flags: ['--deep', '--json'], files: 0, run: runDoctor },
  'rotate-key': { flags: [], files: 0, run: runRotateKey },
};

/** Runs an operation with its arguments, as a program does. @returns its exit status */
export async function runOperation(name: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (!isOperation(name)) {
    print(process.stderr, ['Usage:', ...Object.values(USAGE).map((usage) => `  ${usage}`)]);
    return 2;
  }
  const operation = OPERATIONS[name];
  const flags = new Set(args.filter((word) => word.startsWith('-')));
  const files = args.filter((word) => !word.startsWith('-'));
  if (files.length !== operation.files || [...flags].some((flag) => !operation.flags.includes(flag))) {
    print(process.stderr, [`Usage: ${USAGE[name]}`, 'See docs/backup.md.']);
    return 2;
  }
  try {
    return await operation.run({ files, flags, env });
  } catch (error) {
    if (!isExpected(error)) throw error;
    print(process.stderr, [error.message]);
    return 1;
  }
}

async function runBackup({ files: [file = ''], flags, env }: Call): Promise<number> {
  const config = loadConfig(env);
  const passphrase = flags.has('--without-key') ? null : secretFrom(env, 'BACKUP_PASSPHRASE');
  if (passphrase === null && !flags.has('--without-key')) {
    throw new OperationRefusedError(
      'A backup holds the encryption key, locked with a passphrase. Give one as BACKUP_PASSPHRASE or BACKUP_PASSPHRASE_FILE, ' +
        'or leave the key out with --without-key and keep it elsewhere.',
    );
  }
  const result = await backUp(config, { file, passphrase });
  print(process.stderr, result.warnings.map(asWarning));
  const size = (result.sizeBytes / MIB).toFixed(1);
  print(process.stdout, [`Wrote ${result.file}: the database and ${result.artifactCount} artefacts, ${size} MiB.`]);
  return 0;
}

async function runRestore({ files: [file = ''], env }: Call): Promise<number> {
  const config = loadConfig(env);
  const result = await restore(config, { file, passphrase: secretFrom(env, 'BACKUP_PASSPHRASE') });
  print(process.stderr, result.warnings.map(asWarning));
  print(process.stdout, [
    `Restored into ${config.storage.dataDir}: the database of ${result.head.created_at} and ${result.artifactCount} artefacts.`,
    ...(result.closedRuns > 0
      ? [`${result.closedRuns} runs had not ended; they are closed as failed, and nothing of them is started again.`]
      : []),
    'Start the server: npm start',
  ]);
  return 0;
}

async function runDoctor({ flags, env }: Call): Promise<number> {
  const findings = await examine(env, flags.has('--deep'));
  const hasFailed = findings.some(({ level }) => level === 'fail');
  if (flags.has('--json')) print(process.stdout, [JSON.stringify({ ok: !hasFailed, checks: findings }, null, 2)]);
  else
    print(
      process.stdout,
      findings.map(({ level, name, what }) => `${level.padEnd(4)} ${name}: ${what}`),
    );
  return hasFailed ? 1 : 0;
}

async function runRotateKey({ env }: Call): Promise<number> {
  const config = loadConfig(env);
  const result = await rotateKey(config, secretFrom(env, 'NEW_ENCRYPTION_KEY'));
  const done = result.wasFinished
    ? 'The rotation was made before; there was nothing left to seal.'
    : `Sealed ${result.secrets} secrets and ${result.states} states with the new key.`;
  const next = result.isInKeyFile
    ? 'It is in encryption.key in DATA_DIR. Make a new backup: older ones open with the old key alone.'
    : 'Start the server with it as ENCRYPTION_KEY. Make a new backup: older ones open with the old key alone.';
  print(process.stdout, [done, next]);
  return 0;
}

function isOperation(name: string): name is OperationName {
  return Object.hasOwn(USAGE, name);
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof OperationRefusedError ||
    error instanceof ConfigError ||
    error instanceof ServerLockedError ||
    error instanceof DatabaseRefusedError ||
    // The operating system's or the driver's own words (ENOSPC, EACCES, SQLITE_FULL): a stack adds nothing to them.
    (error instanceof Error && 'code' in error && /^(E[A-Z]+|SQLITE_[A-Z]+)$/.test(String(error.code)))
  );
}

function asWarning(text: string): string {
  return `Warning: ${text}`;
}

function print(stream: NodeJS.WritableStream, lines: string[]): void {
  if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
}
