import { Global, Module } from '@nestjs/common';
import { RevokedKeys } from './access/revoked-keys';
import { AccessScopes } from './access/access-scopes';
import { Clock, SystemClock } from './clock';
import { ScopedTokens } from './access/scoped-tokens';
import { PublicAddress } from './http/public-address';
import { SweepTasks } from './sweep-tasks';
import { RegistryAnswers } from './registry/registry-answers.service';

/** What every room may use: the clock, the register of access scopes, where the server is reached. */
@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    AccessScopes,
    RevokedKeys,
    ScopedTokens,
    PublicAddress,
    RegistryAnswers,
    SweepTasks,
  ],
  exports: [Clock, AccessScopes, RevokedKeys, ScopedTokens, PublicAddress, RegistryAnswers, SweepTasks],
})
export class CommonModule {}
