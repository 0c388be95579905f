import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateIf } from 'class-validator';

/** The field may be absent; `null` is not the same as absent, and is checked like any other value. */
export function Optional(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional(),
    ValidateIf((_object, value: unknown) => value !== undefined),
  );
}

/** The field may be absent (keep what there is) or null (clear it). */
export function OptionalOrNull(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ nullable: true }),
    ValidateIf((_object, value: unknown) => value !== undefined && value !== null),
  );
}
