import { Global, Module } from '@nestjs/common';
import { RevokedKeys } from './access/revoked-keys';
import { AccessScopes } from './access/access-scopes';
import { Clock, SystemClock } from './clock';

/** What every room may use: the clock, and the register of access scopes. */
@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, AccessScopes, RevokedKeys],
  exports: [Clock, AccessScopes, RevokedKeys],
})
export class CommonModule {}
