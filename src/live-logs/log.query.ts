import { IsIn, IsOptional } from 'class-validator';

export class LogQuery {
  /** `false`: without colours and other escape sequences. */
  @IsOptional()
  @IsIn(['true', 'false'])
  color?: 'true' | 'false';
}
