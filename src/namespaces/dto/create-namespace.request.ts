import { IsBoolean, IsString, Matches, MaxLength } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';
import { NAMESPACE_NAME, NAMESPACE_NAME_RULE } from '../domain/namespace-name';

export class CreateNamespaceRequest {
  /**
   * 1 to 64 of `a-z`, `0-9` and, inside, `-` or `_`. With `_` it can hold modules but no providers.
   * @example 'payments'
   */
  @Matches(NAMESPACE_NAME, { message: NAMESPACE_NAME_RULE })
  name!: string;

  /** What it is for. */
  @Optional()
  @IsString()
  @MaxLength(1000)
  description?: string;

  /** Whether anybody may read its part of the registry without a key; it never opens the API. */
  @Optional()
  @IsBoolean()
  is_public?: boolean;
}
