import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { ListQuery } from '../../common/http/pagination';
import { RUN_STATUSES, type RunStatus } from '../domain/run-status';

export class RunsQuery extends ListQuery {
  /** Only of this folder, relative to the repository. */
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  path?: string;

  /** Only with this status. */
  @IsOptional()
  @IsIn(RUN_STATUSES)
  status?: RunStatus;
}

export class AllRunsQuery extends ListQuery {
  /** Only of this namespace: its id or name. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  namespace?: string;

  /** Only with this status. */
  @IsOptional()
  @IsIn(RUN_STATUSES)
  status?: RunStatus;
}
