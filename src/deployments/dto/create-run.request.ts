import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsNumber,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { RUNNER_TOOLS, type RunnerTool } from '../../../runner/protocol/runner-protocol';
import { Optional } from '../../common/http/optional.decorator';
import { TOOL_VERSION, TOOL_VERSION_RULE } from '../domain/deployment-rules';
import { RUN_OPERATIONS, type RunOperation } from '../domain/run-operation';

const MIN_TIMEOUT_MINUTES = 0.001;
const MAX_TIMEOUT_MINUTES = 1440;

export class CreateRunRequest {
  /** Accepted when it agrees with the path. */
  @Optional()
  @IsString()
  @MaxLength(64)
  deployment_id?: string;

  /** Branch, tag or commit; the deployment's default, when absent. */
  @Optional()
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  ref?: string;

  /** Folder, relative to the repository; the deployment's working directory, when absent. */
  @Optional()
  @IsString()
  @MaxLength(1024)
  path?: string;

  @Optional()
  @IsIn(RUNNER_TOOLS)
  tool?: RunnerTool;

  /** Exact version of the tool. */
  @Optional()
  @Matches(TOOL_VERSION, { message: TOOL_VERSION_RULE })
  tool_version?: string;

  /** `apply` when absent; `plan` never changes anything. */
  @Optional()
  @IsIn(RUN_OPERATIONS)
  operation?: RunOperation;

  /**
   * Environment of the tool: `TF_VAR_…`, credentials of providers.
   * @example { "TF_VAR_region": "eu-west-1" }
   */
  @Optional()
  @IsObject()
  env_vars?: Record<string, string>;

  /**
   * As `env_vars`, but encrypted, never given back, and masked in logs.
   * @example { "TF_VAR_password": "correct horse battery staple" }
   */
  @Optional()
  @IsObject()
  sensitive_env_vars?: Record<string, string>;

  /**
   * Variable files of the repository, relative to `path`.
   * @example ['prod.tfvars']
   */
  @Optional()
  @IsArray()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  tfvars_files?: string[];

  /**
   * Plan only these resources or modules and what they need.
   * @example ['module.network']
   */
  @Optional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  targets?: string[];

  /**
   * Replace these resources even if nothing else would change.
   * @example ['terraform_data.web[0]']
   */
  @Optional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  replace?: string[];

  /** Apply without asking a person; the deployment's setting, when absent. */
  @Optional()
  @IsBoolean()
  auto_approve?: boolean;

  /** Minutes each command may take, up to 1,440; the server's default (30), when absent. */
  @Optional()
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(MIN_TIMEOUT_MINUTES, { message: 'must be greater than 0' })
  @Max(MAX_TIMEOUT_MINUTES)
  timeout?: number;
}
