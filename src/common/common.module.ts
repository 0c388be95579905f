import { Global, Module } from '@nestjs/common';
import { AccessScopes } from './access/access-scopes';
import { Clock, SystemClock } from './clock';

/** What every room may use: the clock, and the register of access scopes. */
@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, AccessScopes],
  exports: [Clock, AccessScopes],
})
export class CommonModule {}
