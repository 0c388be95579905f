import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  Matches,
  MaxLength,
  MinLength,
} from 'class-validator';
import { Optional, OptionalOrNull } from '../../common/http/optional.decorator';
import { PLAIN_LINE, PLAIN_LINE_RULE } from '../../common/text/plain-line';
import { OPERATING_SYSTEMS } from '../domain/platforms';
import { PROTOCOL, PROTOCOL_RULE } from '../domain/provider-rules';

export class CreateProviderVersionRequest {
  /**
   * A semantic version, without `v`.
   * @example '1.2.3'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  version!: string;

  /**
   * Plugin protocols it speaks; `["5.0"]` when absent.
   * @example ['6.0']
   */
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(4)
  @Matches(PROTOCOL, { each: true, message: PROTOCOL_RULE })
  protocols?: string[];
}

export class UpdateProviderVersionRequest {
  /** Whether clients may see and download it, once it is published. */
  @Optional()
  @IsBoolean()
  enabled?: boolean;

  /** Why nobody should use it any more; clients show it as a warning. Null takes that back. */
  @OptionalOrNull()
  @Matches(PLAIN_LINE, { message: PLAIN_LINE_RULE })
  @MaxLength(1000)
  deprecated?: string | null;
}

/** A package, as `multipart/form-data`. */
export class UploadPlatformRequest {
  /** @example 'linux' */
  @IsIn(OPERATING_SYSTEMS)
  os!: string;

  /** @example 'amd64' */
  @IsString()
  @MaxLength(16)
  arch!: string;
}

/** The same with its file, for the documentation. */
export class UploadPlatformForm extends UploadPlatformRequest {
  @ApiProperty({ type: 'string', format: 'binary', description: 'The package as `.zip`' })
  file!: unknown;
}

/** Checksums of a release that was signed elsewhere, as `multipart/form-data`. */
export class UploadShasumsForm {
  @ApiProperty({ type: 'string', format: 'binary', description: '`SHA256SUMS`' })
  shasums!: unknown;

  @ApiProperty({ type: 'string', format: 'binary', description: 'Its detached signature, `SHA256SUMS.sig`' })
  signature!: unknown;
}
