import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { createApplication } from '../application';
import { loadConfig } from '../config/load-config';
import { buildDocument } from './document';

/** The OpenAPI document, made from a server that never listens and forgets its data. */
export async function describeApi(): Promise<OpenAPIObject> {
  const dataDir = mkdtempSync(join(tmpdir(), 'plomada-openapi-'));
  const application = await createApplication(loadConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'error' }));
  try {
    return await buildDocument(application.app);
  } finally {
    await application.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
