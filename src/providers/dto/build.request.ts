import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsString, MaxLength, ValidateNested } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';
import { OPERATING_SYSTEMS } from '../domain/platforms';

export class BuildPlatformRequest {
  /** @example 'linux' */
  @IsIn(OPERATING_SYSTEMS)
  os!: string;

  /** @example 'amd64' */
  @IsString()
  @MaxLength(16)
  arch!: string;
}

export class CreateBuildRequest {
  /** What to build for; linux/amd64, linux/arm64, darwin/amd64, darwin/arm64 and windows/amd64, when absent. */
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(40)
  @ValidateNested({ each: true })
  @Type(() => BuildPlatformRequest)
  platforms?: BuildPlatformRequest[];
}
