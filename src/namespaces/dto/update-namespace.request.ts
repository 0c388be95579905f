import { IsBoolean, IsString, Matches, MaxLength } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';
import { NAMESPACE_NAME, NAMESPACE_NAME_RULE } from '../domain/namespace-name';

export class UpdateNamespaceRequest {
  /** A new name; refused once the namespace has published content. */
  @Optional()
  @Matches(NAMESPACE_NAME, { message: NAMESPACE_NAME_RULE })
  name?: string;

  /** What it is for. */
  @Optional()
  @IsString()
  @MaxLength(1000)
  description?: string;

  /** Whether anybody may read its part of the registry without a key. */
  @Optional()
  @IsBoolean()
  is_public?: boolean;
}
