import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { Optional, OptionalOrNull } from '../../common/http/optional.decorator';
import { PLAIN_LINE, PLAIN_LINE_RULE } from '../../common/text/plain-line';

export class CreateModuleVersionRequest {
  /**
   * As JSON: a version or tag of the repository. With a file: the version it is to be.
   * @example '1.2.3'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  version!: string;
}

/** The same with an archive, as `multipart/form-data`. */
export class UploadModuleVersionRequest extends CreateModuleVersionRequest {
  @ApiProperty({ type: 'string', format: 'binary', description: 'The module as `.tar.gz` or `.zip`' })
  file!: unknown;
}

export class UpdateModuleVersionRequest {
  /** Whether clients may see and download it. */
  @Optional()
  @IsBoolean()
  enabled?: boolean;

  /** Why nobody should use it any more; null takes that back. */
  @OptionalOrNull()
  @Matches(PLAIN_LINE, { message: PLAIN_LINE_RULE })
  @MaxLength(1000)
  deprecated?: string | null;
}
