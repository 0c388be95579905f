import { IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';
import { GitSourceFields } from '../../sources';
import { MODULE_NAME, MODULE_NAME_RULE, MODULE_PROVIDER, MODULE_PROVIDER_RULE } from '../domain/module-rules';

export class CreateModuleRequest extends GitSourceFields {
  /** The namespace it belongs to: its id or name. */
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  namespace_id!: string;

  /**
   * Letters, digits and, inside, `-` or `_`. Names are matched without regard to case.
   * @example 'network'
   */
  @Matches(MODULE_NAME, { message: MODULE_NAME_RULE })
  name!: string;

  /**
   * The target system, as in `source = "HOST/NAMESPACE/NAME/PROVIDER"`.
   * @example 'aws'
   */
  @Matches(MODULE_PROVIDER, { message: MODULE_PROVIDER_RULE })
  provider!: string;

  @Optional()
  @IsString()
  @MaxLength(1000)
  description?: string;

  /**
   * Folder of the module in its repository; its root, when absent.
   * @example 'modules/network'
   */
  @Optional()
  @IsString()
  @MaxLength(1024)
  subdir?: string;
}
