import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';

/** Tells of keys that were deleted just now, so that what they opened for long can be closed. */
@Injectable()
export class RevokedKeys {
  /** Ids of keys. */
  readonly revoked = new Subject<string>();
  /** Ids of namespaces that were deleted just now, and all their keys with them. */
  readonly revokedWithNamespace = new Subject<string>();
}
