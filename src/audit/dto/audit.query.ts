import { IsISO8601, IsOptional, IsRFC3339, IsString, MaxLength } from 'class-validator';
import { ListQuery } from '../../common/http/pagination';

export class AuditQuery extends ListQuery {
  /** Only what this actor did, exactly as the entries name it. */
  @IsOptional()
  @IsString()
  @MaxLength(160)
  actor?: string;

  /** Only this action, such as `run.approve`. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  action?: string;

  /** Only what was done at or after this time (RFC 3339). */
  @IsOptional()
  @IsISO8601({ strict: true })
  @IsRFC3339()
  since?: string;
}
