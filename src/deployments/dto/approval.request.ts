import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';
import { APPROVED_OPERATIONS, MAX_APPROVALS, MAX_PATTERNS, MAX_RULES } from '../domain/approval-policy';
import { MAX_ADDRESS_LENGTH } from '../domain/resource-address';

/** It is part of the reason that people decide by: nothing in it may hide or turn what follows. */
const RULE_NAME = /^(?=\S)[^\p{C}\p{Zl}\p{Zp}]{1,100}(?<=\S)$/u;

/** A list of patterns of addresses, or nothing. */
function AddressPatterns(): PropertyDecorator {
  return applyDecorators(
    Optional(),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(MAX_PATTERNS),
    IsString({ each: true }),
    MinLength(1, { each: true }),
    MaxLength(MAX_ADDRESS_LENGTH, { each: true }),
  );
}

/** What a rule looks at in a plan: at least one condition; all that are given must hold. */
export class ApprovalConditionsRequest {
  /** Whether something is destroyed; a replacement destroys. `false` fits plans that destroy nothing. */
  @Optional()
  @IsBoolean()
  destroys?: boolean;

  /** Whether each change is a creation and nothing else. */
  @Optional()
  @IsBoolean()
  only_creates?: boolean;

  /** At most so many resources are changed: created, changed, destroyed, replaced, imported, moved or forgotten. */
  @Optional()
  @IsInt()
  @Min(0)
  max_changes?: number;

  /** At least so many resources are changed. */
  @Optional()
  @IsInt()
  @Min(1)
  min_changes?: number;

  /**
   * Each changed resource matches one of these patterns; `*` stands for any characters.
   * @example ['module.dns.*']
   */
  @AddressPatterns()
  only_addresses?: string[];

  /**
   * A changed resource matches one of these patterns.
   * @example ['*aws_iam_*']
   */
  @AddressPatterns()
  any_address?: string[];

  /** The run is of one of these operations. */
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(APPROVED_OPERATIONS.length)
  @IsIn(APPROVED_OPERATIONS, { each: true })
  operations?: (typeof APPROVED_OPERATIONS)[number][];
}

/** How many approvals the plans need that fit. */
export class ApprovalRuleRequest {
  /**
   * Shown in the run, as the reason.
   * @example 'iam needs four eyes'
   */
  @IsString()
  @Matches(RULE_NAME, { message: 'must be 1 to 100 visible characters, with no blank at its ends' })
  name!: string;

  /** 0: such plans are applied without asking. */
  @IsInt()
  @Min(0)
  @Max(MAX_APPROVALS)
  required!: number;

  @IsObject()
  @ValidateNested()
  @Type(() => ApprovalConditionsRequest)
  when!: ApprovalConditionsRequest;
}

/** Who must agree before a plan is applied. */
export class ApprovalPolicyRequest {
  /** How many different keys must approve a plan that no rule fits; 1 when absent, 0: nobody. */
  @Optional()
  @IsInt()
  @Min(0)
  @Max(MAX_APPROVALS)
  required?: number;

  /** Whether the key that started a run may not approve it; `false` when absent. */
  @Optional()
  @IsBoolean()
  not_by_requester?: boolean;

  /** Of the rules that fit a plan the strictest counts, whatever their order. */
  @Optional()
  @IsArray()
  @ArrayMaxSize(MAX_RULES)
  @ValidateNested({ each: true })
  @Type(() => ApprovalRuleRequest)
  rules?: ApprovalRuleRequest[];
}
