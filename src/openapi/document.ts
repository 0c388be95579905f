import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ProblemResponse } from '../common/http/problem.response';
import { BODIES_EXTENSION } from '../common/http/bodies.decorator';
import { problemContent, PROBLEMS_EXTENSION } from '../common/http/problem.decorator';
import { productVersion } from '../config/package-root';
import metadata from '../metadata';

const EVERYWHERE = [400, 429, 503];
const WITH_KEY = [401, 403];
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** What decorators of ours left with an operation. */
interface Extensions {
  [PROBLEMS_EXTENSION]?: number[];
  [BODIES_EXTENSION]?: Record<string, { schema: { $ref: string } }>;
}

/** The OpenAPI document of the application: every route with its DTOs, errors and who may call it. */
export async function buildDocument(app: INestApplication): Promise<OpenAPIObject> {
  await SwaggerModule.loadPluginMetadata(metadata);
  const config = new DocumentBuilder()
    .setTitle('Plomada')
    .setDescription(
      'Private registry and controlled deployments for Terraform and OpenTofu. ' +
        'Press **Authorize** and give an API key; the first one is in `DATA_DIR/admin.key`.',
    )
    .setVersion(productVersion())
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'plm_…', description: 'An API key' })
    .addBasicAuth({ type: 'http', scheme: 'basic', description: 'Any user name, and an API key as the password' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    extraModels: [ProblemResponse],
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (!operation) continue;
      const declared = operation as typeof operation & Extensions;
      const own = declared[PROBLEMS_EXTENSION] ?? [];
      delete declared[PROBLEMS_EXTENSION];
      const common = operation.security?.length ? [...EVERYWHERE, ...WITH_KEY] : EVERYWHERE;
      for (const status of [...own, ...common]) operation.responses[status] ??= problemContent(status);
      if (declared[BODIES_EXTENSION]) operation.requestBody = { required: true, content: declared[BODIES_EXTENSION] };
      delete declared[BODIES_EXTENSION];
      const body = operation.requestBody;
      if (body) for (const status of [413, 415]) operation.responses[status] ??= problemContent(status);
    }
  }
  return document;
}
