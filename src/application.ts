import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { NestFactory } from '@nestjs/core';
import { SwaggerModule } from '@nestjs/swagger';
import helmet from 'helmet';
import { AppModule } from './app.module';
import { jsonBodyMiddleware } from './common/http/json-body.middleware';
import { limitIdleBodies } from './common/http/idle-bodies';
import { ProblemFilter } from './common/http/problem.filter';
import { requestIdMiddleware } from './common/http/request-id.middleware';
import { validationPipe } from './common/http/validation.pipe';
import { PlatformLogger } from './common/logging/platform-logger';
import type { PlomadaConfig } from './config/config';
import { ConfigError } from './config/load-config';
import type { Database } from './database/database';
import { MIGRATIONS } from './database/migrations';
import { openDatabase } from './database/open-database';
import { ServerLock } from './database/server-lock';
import { ENTITIES } from './entities';
import { buildDocument } from './openapi/document';
import { assertKeyOpensData } from './operations/start-key-check';
import { RegistryDoor } from './platform';

const HEADERS_TIMEOUT_MS = 10_000;
/** No line is so slow that it needs longer for the largest upload; one that stands still is cut long before. */
const REQUEST_TIMEOUT_MS = 6 * 60 * 60 * 1000;

/** A server that is made but does not listen yet, and how to end it. */
export interface Application {
  app: NestExpressApplication;
  database: Database;
  /** How long `close` may wait for runs at work. */
  drainSeconds: number;
  /** Stops taking requests, lets go of running tools, closes the database. */
  close(): Promise<void>;
}

/**
 * Makes the server: takes its lock, tries its key, opens and migrates the database, wires the rooms.
 * @throws ConfigError, ServerLockedError, KeyRefusedError, DatabaseRefusedError
 */
export async function createApplication(config: PlomadaConfig): Promise<Application> {
  try {
    makeFolders(config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`DATA_DIR and WORK_ROOT must be folders that can be written: ${reason}`]);
  }
  const lock = await ServerLock.take(config.storage.databaseFile);
  let database: Database | null = null;
  try {
    await assertKeyOpensData(config);
    database = await openDatabase(config.storage.databaseFile, ENTITIES, MIGRATIONS);
    const app = await createNestApplication(config, database);
    const opened = database;
    return {
      app,
      database: opened,
      drainSeconds: config.runs.drainSeconds,
      close: async () => {
        await app.close();
        await opened.close();
        await lock.release();
      },
    };
  } catch (error) {
    await database?.close();
    await lock.release();
    throw error;
  }
}

/** A runner of another user must be able to pass through to its working directories; it can read nothing on the way. */
function makeFolders({ storage, runs }: PlomadaConfig): void {
  mkdirSync(storage.dataDir, { recursive: true, mode: 0o700 });
  mkdirSync(storage.workRoot, { recursive: true, mode: 0o711 });
  if (runs.runnerUser) {
    chmodSync(storage.workRoot, 0o711);
    if (storage.workRoot.startsWith(storage.dataDir + sep)) chmodSync(storage.dataDir, 0o711);
  }
}

/** The HTTP side of the server, on a database that is open. */
export async function createNestApplication(
  config: PlomadaConfig,
  database: Database,
): Promise<NestExpressApplication> {
  const { tls } = config.server;
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config, database), {
    logger: new PlatformLogger(config.logging),
    bodyParser: false,
    // Streams of runs stay open for hours; they must not keep a server from stopping.
    forceCloseConnections: true,
    abortOnError: false,
    ...(tls ? { httpsOptions: { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } } : {}),
  });
  app.set('trust proxy', config.server.trustProxy);
  app.set('query parser', 'simple');
  app.disable('x-powered-by');
  app.use(limitIdleBodies());
  app.use(requestIdMiddleware());
  app.use(app.get(RegistryDoor).handler());
  app.use(securityHeaders(config));
  if (config.server.corsOrigins.length > 0) {
    app.enableCors({
      origin: config.server.corsOrigins,
      credentials: true,
      exposedHeaders: ['Link', 'Retry-After', 'X-Request-Id'],
    });
  }
  app.use(
    '/api',
    jsonBodyMiddleware((request) => hasOtherBody(request.originalUrl, request.is('multipart/form-data') !== false)),
  );
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter());
  const document = await buildDocument(app);
  SwaggerModule.setup('api/docs', app, document, {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'Plomada API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tagsSorter: 'alpha' },
  });
  const server = app.getHttpServer();
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return app;
}

/** Webhooks send what their Git server likes; uploads are forms, and must not be read into memory. */
const WEBHOOK = /^\/api\/hooks\//;
/** States are stored as they are sent, and may be larger than any other body. */
const STATES = /^\/api\/deployments\/[^/]+\/state\/versions\/?(?:\?|$)/;
const UPLOADS =
  /^\/api\/(?:modules\/[^/]+\/versions|providers\/[^/]+\/versions\/[^/]+\/(?:shasums|platforms\/upload))\/?(?:\?|$)/;

function hasOtherBody(url: string, isForm: boolean): boolean {
  return WEBHOOK.test(url) || STATES.test(url) || (isForm && UPLOADS.test(url));
}

function securityHeaders(config: PlomadaConfig): ReturnType<typeof helmet> {
  const isHttps = config.server.publicUrl?.startsWith('https:') ?? false;
  return helmet({
    contentSecurityPolicy: {
      directives: {
        // Swagger UI has styles inline, and pictures as data.
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        // Without TLS a browser would be sent to an address where nobody listens.
        'upgrade-insecure-requests': isHttps ? [] : null,
      },
    },
    strictTransportSecurity: isHttps,
  });
}
