import { IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { Optional, OptionalOrNull } from '../../common/http/optional.decorator';

/** Where versions come from, when they come from the tags of a Git repository. */
export class GitSourceFields {
  /**
   * The repository whose tags become versions: `https://…` or `ssh://…`, without user and password.
   * @example 'https://git.example.com/infra/terraform-aws-network.git'
   */
  @OptionalOrNull()
  @IsString()
  @MinLength(1)
  @MaxLength(2048)
  git_url?: string | null;

  /**
   * What the tags of versions begin with, in a repository that has others too; the rest is a version, with or without `v`.
   * @example 'network/'
   */
  @Optional()
  @Matches(/^(?!-)[\w./+@-]{0,128}$/, { message: 'must be up to 128 letters, digits and . _ - / + @, not first a -' })
  tag_prefix?: string;

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
