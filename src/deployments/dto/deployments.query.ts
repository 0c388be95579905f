import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { ListQuery } from '../../common/http/pagination';
import { RUN_STATUSES, type RunStatus } from '../domain/run-status';

export class DeploymentsQuery extends ListQuery {
  /** Only of this namespace: its id or name. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  namespace?: string;

  /** Only where the last run has this status; `none`: never run. */
  @IsOptional()
  @IsIn([...RUN_STATUSES, 'none'])
  status?: RunStatus | 'none';

  /** Only where name, description or URL hold this text. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  q?: string;
}

/** Where in the repository. */
export class TreeQuery {
  /** Branch, tag or commit; the deployment's default, when absent. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  ref?: string;

  /** Folder, relative to the repository; the deployment's working directory, when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  path?: string;
}

export class DeploymentStatusQuery {
  /** Folder, relative to the repository; the deployment's working directory, when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  path?: string;
}

export class DeleteDeploymentQuery {
  /** `true`: also while a managed state holds resources. */
  @IsOptional()
  @IsIn(['true', 'false'])
  force?: 'true' | 'false';
}
