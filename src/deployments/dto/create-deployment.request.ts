import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsObject, IsString, Matches, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { RUNNER_TOOLS, type RunnerTool } from '../../../runner/protocol/runner-protocol';
import { Optional, OptionalOrNull } from '../../common/http/optional.decorator';
import {
  DEPLOYMENT_NAME,
  DEPLOYMENT_NAME_RULE,
  STATE_BACKENDS,
  type StateBackend,
  TOOL_VERSION,
  TOOL_VERSION_RULE,
} from '../domain/deployment-rules';
import { ApprovalPolicyRequest } from './approval.request';

export class CreateDeploymentRequest {
  /** The namespace it belongs to: its id or name. */
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  namespace_id!: string;

  /**
   * Unique in its namespace.
   * @example 'network-prod'
   */
  @Matches(DEPLOYMENT_NAME, { message: DEPLOYMENT_NAME_RULE })
  name!: string;

  /**
   * Where the configuration is: `https://…` or `ssh://…`; without user and password.
   * @example 'https://git.example.com/infra/network.git'
   */
  @IsString()
  @MinLength(1)
  @MaxLength(2048)
  git_url!: string;

  @Optional()
  @IsString()
  @MaxLength(1000)
  description?: string;

  /** Branch, tag or commit of runs that name none; the repository's default branch, when absent. */
  @OptionalOrNull()
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  default_ref?: string | null;

  /**
   * Folder of the configuration, relative to the repository.
   * @example 'envs/prod'
   */
  @Optional()
  @IsString()
  @MaxLength(1024)
  working_directory?: string;

  /** `terraform` when absent. */
  @Optional()
  @IsIn(RUNNER_TOOLS)
  tool?: RunnerTool;

  /** Exact version; the one the runner finds, when absent. */
  @OptionalOrNull()
  @Matches(TOOL_VERSION, { message: TOOL_VERSION_RULE })
  tool_version?: string | null;

  /** Apply without asking a person, where `approval` asks for no more than one approval by anybody. */
  @Optional()
  @IsBoolean()
  auto_approve?: boolean;

  /**
   * Who must agree before a plan is applied; one approval by anybody who may write, when absent. Given as a whole: what is
   * absent in it has its default. To change it later needs `admin`.
   */
  @OptionalOrNull()
  @IsObject()
  @ValidateNested()
  @Type(() => ApprovalPolicyRequest)
  approval?: ApprovalPolicyRequest | null;

  /**
   * Who keeps the state. `managed`, when absent: the platform, encrypted and versioned, in the place of any backend of the
   * configuration. `none`: the configuration's own backend.
   */
  @Optional()
  @IsIn(STATE_BACKENDS)
  state_backend?: StateBackend;

  /** User name for Git over https; needed by some hosts beside a token. */
  @OptionalOrNull()
  @IsString()
  @MaxLength(255)
  git_username?: string | null;

  /** Password or token for Git over https. Write-only. */
  @OptionalOrNull()
  @IsString()
  @MinLength(1)
  @MaxLength(8192)
  git_password?: string | null;

  /** Private key for Git over ssh, in OpenSSH or PEM format, without passphrase. Write-only. */
  @OptionalOrNull()
  @IsString()
  @MinLength(1)
  @MaxLength(16384)
  git_ssh_key?: string | null;
}
