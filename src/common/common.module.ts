import { Global, Module } from '@nestjs/common';
import { RevokedKeys } from './access/revoked-keys';
import { AccessScopes } from './access/access-scopes';
import { Clock, SystemClock } from './clock';
import { PublicAddress } from './http/public-address';

/** What every room may use: the clock, the register of access scopes, where the server is reached. */
@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, AccessScopes, RevokedKeys, PublicAddress],
  exports: [Clock, AccessScopes, RevokedKeys, PublicAddress],
})
export class CommonModule {}
