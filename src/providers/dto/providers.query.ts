import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { ListQuery } from '../../common/http/pagination';

export class ProvidersQuery extends ListQuery {
  /** Only of this namespace: its id or name. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  namespace?: string;

  /** Only where name, description or URL hold this text. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  q?: string;
}

export class ProviderVersionQuery {
  /** Which version; the latest, when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(128)
  version?: string;
}
