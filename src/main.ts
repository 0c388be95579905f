import './config/process-settings';
import { Logger } from '@nestjs/common';
import { Application, createApplication } from './application';
import { FirstAdminKey } from './api-keys';
import type { PlomadaConfig } from './config/config';
import { ConfigError, loadConfig } from './config/load-config';
import { productVersion } from './config/package-root';
import { DatabaseRefusedError } from './database/open-database';
import { ServerLockedError } from './database/server-lock';
import { KeyRefusedError } from './operations/start-key-check';
import { HealthService } from './platform';

/** After this long a stop is made to happen, whatever still hangs. */
const STOP_WITHIN_MS = 25_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env, process.stdout.isTTY);
  const application = await createApplication(config);
  const madeKey = await application.app.get(FirstAdminKey).ensure();
  stopOnSignals(application);
  await listen(application, config);
  greet(application, config, madeKey);
}

/** The address cannot be listened on. */
class ListenError extends Error {}

async function listen(application: Application, { server }: PlomadaConfig): Promise<void> {
  try {
    await application.app.listen(server.port, server.host);
  } catch (error) {
    await application.close();
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reason = code === 'EADDRINUSE' ? 'another program listens there' : code;
    throw new ListenError(
      `Cannot listen on ${server.host}:${portOf(error) ?? server.port}: ${reason}. Choose another PORT, METRICS_PORT or HOST.`,
    );
  }
}

/** The port a failed listen was for: it may be that of the metrics. */
function portOf(error: unknown): number | null {
  return error instanceof Error && 'port' in error && typeof error.port === 'number' ? error.port : null;
}

/** What a person who started the server needs to know next. */
function greet({ app }: Application, config: PlomadaConfig, made: { key: string; file: string } | null): void {
  const address: unknown = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null && 'port' in address ? String(address.port) : '';
  const url = config.server.publicUrl ?? `${config.server.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  new Logger('Server').log({ event: 'listening', version: productVersion(), url, node: process.versions.node });
  if (config.logging.format === 'pretty' || made) {
    const lines = [
      '',
      `  Plomada ${productVersion()} is ready.`,
      `  API docs    ${url}/api/docs`,
      ...(made
        ? [`  Admin key   ${made.key}`, `              (shown this once; also in ${made.file})`]
        : [`  Admin key   made at the first start; see admin.key in ${config.storage.dataDir}`]),
      '',
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

function stopOnSignals(application: Application): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return;
    isStopping = true;
    new Logger('Server').log({ event: 'stopping', signal });
    application.app.get(HealthService).stop();
    const drainMs = application.drainSeconds * 1000;
    setTimeout(() => process.exit(1), drainMs + STOP_WITHIN_MS).unref();
    application.close().then(
      () => process.exit(0),
      (error: unknown) => {
        new Logger('Server').error({ event: 'stop_failed' }, error instanceof Error ? error.stack : error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

// Whoever read our log is gone, and so is what is written from now on; runs and states are not.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

main().catch((error: unknown) => {
  const isExpected =
    error instanceof ConfigError ||
    error instanceof ServerLockedError ||
    error instanceof DatabaseRefusedError ||
    error instanceof KeyRefusedError ||
    error instanceof ListenError;
  process.stderr.write(`${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
