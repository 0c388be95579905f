import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';

/** Which state: that of a folder. */
export class StateQuery {
  /** Folder, relative to the repository; the deployment's working directory, when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  path?: string;
}

export class StateVersionQuery extends StateQuery {
  /** `true`: the raw state instead of what is known of it. */
  @IsOptional()
  @IsIn(['true', 'false'])
  download?: 'true' | 'false';
}

export class StateBackendQuery extends StateQuery {
  /** The id of the lock that the tool holds. */
  @IsOptional()
  @IsString()
  @MaxLength(1024)
  ID?: string;
}
