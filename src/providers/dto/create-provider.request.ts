import { IsBoolean, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';
import { GitSourceFields } from '../../sources';
import { PROVIDER_NAME, PROVIDER_NAME_RULE } from '../domain/provider-rules';

export class CreateProviderRequest extends GitSourceFields {
  /** The namespace it belongs to: its id or name. Its name must hold neither `_` nor `--`. */
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  namespace_id!: string;

  /**
   * Lower-case letters, digits and, inside, single dashes; without `terraform-provider-` in front.
   * @example 'acme'
   */
  @Matches(PROVIDER_NAME, { message: PROVIDER_NAME_RULE })
  name!: string;

  @Optional()
  @IsString()
  @MaxLength(1000)
  description?: string;

  /** Whether a new tag is built from Git and published by itself. Otherwise it becomes a draft. */
  @Optional()
  @IsBoolean()
  build_on_tag?: boolean;
}
