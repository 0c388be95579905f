import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsString, ValidateIf, ValidateNested } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import { Optional } from '../../common/http/optional.decorator';
import { MAX_VARIABLES, VARIABLE_CATEGORIES, type VariableCategory } from '../domain/variable';

export class VariableRequest {
  /**
   * Of the environment: letters, digits and `_`; some names are refused. Of terraform: the name of an input variable.
   * At most 128 characters, and once in each category.
   * @example 'region'
   */
  @IsString()
  key!: string;

  /**
   * At most 64 KiB. `null` keeps the stored value of a sensitive variable.
   * @example 'eu-central-1'
   */
  @ApiProperty({ type: String, nullable: true })
  @ValidateIf((_object, value: unknown) => value !== null)
  @IsString()
  value!: string | null;

  /** `env`: of the environment of the tool; `terraform`: an input variable. */
  @ApiProperty({ enum: VARIABLE_CATEGORIES })
  @IsIn(VARIABLE_CATEGORIES)
  category!: VariableCategory;

  /** Whether the value is encrypted, never given back, and masked in logs and plans; `false` when absent. */
  @Optional()
  @IsBoolean()
  sensitive?: boolean;

  /**
   * Whether the value is a literal of the configuration's language (a list, an object, a number) and not a string;
   * `false` when absent. For terraform alone.
   */
  @Optional()
  @IsBoolean()
  hcl?: boolean;
}

/** A list of variables on its way through the validation. */
export class VariableListRequest {
  @IsArray()
  @ArrayMaxSize(MAX_VARIABLES)
  @ValidateNested({ each: true })
  @Type(() => VariableRequest)
  variables!: VariableRequest[];
}
