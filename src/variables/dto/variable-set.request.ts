import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsString, Matches, MaxLength, ValidateNested } from 'class-validator';
import { PartialType } from '@nestjs/swagger';
import { Optional } from '../../common/http/optional.decorator';
import { MAX_VARIABLES } from '../domain/variable';
import { VariableRequest } from './variable.request';

const SET_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,126}[A-Za-z0-9])?$/;

export class CreateVariableSetRequest {
  /**
   * 1 to 128 letters, digits and, inside, spaces or `.`, `_`, `-`; once in a namespace. Of two sets with the same
   * variable the one whose name sorts first wins.
   * @example 'aws-credentials'
   */
  @IsString()
  @Matches(SET_NAME, { message: 'must be 1 to 128 letters, digits and, inside, spaces, dots, _ or -' })
  name!: string;

  /** What it is for. */
  @Optional()
  @IsString()
  @MaxLength(1000)
  description?: string;

  /** All its variables; none when absent. */
  @Optional()
  @Type(() => VariableRequest)
  @ValidateNested({ each: true })
  @ArrayMaxSize(MAX_VARIABLES)
  @IsArray()
  variables?: VariableRequest[];
}

/** What is absent stays; `variables` is the whole list. */
export class UpdateVariableSetRequest extends PartialType(CreateVariableSetRequest, { skipNullProperties: false }) {}
