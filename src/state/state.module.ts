import { Module } from '@nestjs/common';
import { LargeBodies } from './large-bodies';
import { StateRepository } from './persistence/state.repository';
import { StateBackendController } from './state-backend.controller';
import { StateCipher } from './state-cipher';
import { StateController } from './state.controller';
import { StateDesk } from './state-desk.service';
import { StateLocks } from './state-locks.service';
import { StateOwners } from './state-owners';
import { States } from './states.service';

/** The states of deployments: kept, locked, versioned, encrypted. */
@Module({
  controllers: [StateBackendController, StateController],
  providers: [States, StateLocks, StateOwners, StateDesk, StateCipher, StateRepository, LargeBodies],
  exports: [States, StateLocks, StateOwners],
})
export class StateModule {}
