import { IsIn, IsISO8601, IsRFC3339, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { PERMISSIONS, type Permission } from '../../common/access/actor';
import { Optional } from '../../common/http/optional.decorator';

export class CreateApiKeyRequest {
  /**
   * What the key is for; shown wherever the key did something.
   * @example 'ci'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  @Matches(/^\P{Cc}+$/u, { message: 'must not hold control characters' })
  name!: string;

  /** `read`: pull and look; `write`: also publish, run and approve; `admin`: also keys and namespaces. */
  @IsIn(PERMISSIONS)
  permissions!: Permission;

  /** When the key stops working, RFC 3339; never, when absent. */
  @Optional()
  @IsISO8601({ strict: true })
  @IsRFC3339()
  expires_at?: string;
}
