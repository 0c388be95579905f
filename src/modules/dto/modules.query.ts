import { IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { ListQuery } from '../../common/http/pagination';
import { MODULE_PROVIDER, MODULE_PROVIDER_RULE } from '../domain/module-rules';

export class ModulesQuery extends ListQuery {
  /** Only of this namespace: its id or name. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  namespace?: string;

  /** Only for this target system. */
  @IsOptional()
  @Matches(MODULE_PROVIDER, { message: MODULE_PROVIDER_RULE })
  provider?: string;

  /** Only where name, provider, description or URL hold this text. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  q?: string;
}

export class VersionQuery {
  /** Which version; the latest, when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(128)
  version?: string;
}
