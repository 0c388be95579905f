import { IsBoolean, IsString, Matches, MaxLength } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';

export class ApproveRunRequest {
  /** `true` applies the plan, `false` rejects it and cancels the run. */
  @IsBoolean()
  approved!: boolean;

  /** Kept in the history. */
  @Optional()
  @IsString()
  @MaxLength(1000)
  comment?: string;

  /** SHA-256 of the plan that was looked at; refused when the run's plan is another one. */
  @Optional()
  @Matches(/^[0-9a-fA-F]{64}$/, { message: 'must be the 64 hex digits of a SHA-256' })
  plan_sha256?: string;
}

export class CancelRunRequest {
  /** Kill at once instead of interrupting and waiting for a clean end. What was made last may be lost from the state. */
  @Optional()
  @IsBoolean()
  force?: boolean;
}
