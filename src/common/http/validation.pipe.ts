import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { DomainError, FieldError } from '../errors';

/** Checks every body and query against its class: unknown fields are refused, nothing is coerced silently. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    stopAtFirstError: true,
    exceptionFactory: (errors) => {
      const fields = errors.flatMap((error) => fieldErrors(error, ''));
      return new DomainError('invalid', 'validation-failed', summary(fields), fields);
    },
  });
}

function summary(fields: FieldError[]): string {
  const names = fields.map(({ field }) => field);
  return fields.length === 1
    ? `${fields[0]!.field}: ${fields[0]!.message}`
    : `${fields.length} fields are not valid: ${names.slice(0, 20).join(', ')}.`;
}

function fieldErrors(error: ValidationError, parent: string): FieldError[] {
  const field = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    field,
    message: rule === 'whitelistValidation' ? 'is not a known field' : withoutProperty(message, error.property),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, field))];
}

/** class-validator begins its sentences with the property's name, which the answer already gives. */
function withoutProperty(message: string, property: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
