import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtension, ApiExtraModels, getSchemaPath } from '@nestjs/swagger';

/** Where `ApiBodies` leaves its bodies for `openapi/document.ts`, which takes them out again. */
export const BODIES_EXTENSION = 'x-bodies';

/** Documents a route that takes its body in several forms: content type → class. Swagger itself knows one form alone. */
export function ApiBodies(bodies: Record<string, Type>): MethodDecorator {
  const content = Object.fromEntries(
    Object.entries(bodies).map(([type, model]) => [type, { schema: { $ref: getSchemaPath(model) } }]),
  );
  return applyDecorators(ApiExtraModels(...Object.values(bodies)), ApiExtension(BODIES_EXTENSION, content));
}
