import { ApiProperty } from '@nestjs/swagger';
import { type StoredVariable, VARIABLE_CATEGORIES, type VariableCategory } from '../domain/variable';

export class VariableResponse {
  /** @example 'region' */
  key!: string;

  /** `null` for a sensitive one: its value is never given back. */
  @ApiProperty({ type: String, nullable: true })
  value!: string | null;

  @ApiProperty({ enum: VARIABLE_CATEGORIES })
  category!: VariableCategory;

  sensitive!: boolean;

  /** Whether the value is a literal of the configuration's language and not a string. */
  hcl!: boolean;
}

export function toVariableResponse(variable: StoredVariable): VariableResponse {
  return {
    key: variable.key,
    value: variable.sensitive ? null : variable.value,
    category: variable.category,
    sensitive: variable.sensitive,
    hcl: variable.hcl,
  };
}
