import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';

/** Tells of keys that were deleted just now, so that what they opened for long can be closed. */
@Injectable()
export class RevokedKeys {
  /** Ids of keys. */
  readonly revoked = new Subject<string>();
}
