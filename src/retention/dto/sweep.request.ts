import { IsBoolean } from 'class-validator';
import { Optional } from '../../common/http/optional.decorator';

export class SweepRequest {
  /** Only say what would be done. */
  @Optional()
  @IsBoolean()
  dry_run?: boolean;
}
