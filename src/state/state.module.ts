import { Module } from '@nestjs/common';
import { LargeStates } from './large-states';
import { StateRepository } from './persistence/state.repository';
import { StateBackendController } from './state-backend.controller';
import { StateContents } from './state-contents.service';
import { StateController } from './state.controller';
import { StateDesk } from './state-desk.service';
import { StateLocks } from './state-locks.service';
import { StateOwners } from './state-owners';
import { States } from './states.service';
import { StateWorkshop } from './work/state-workshop.service';

/** The states of deployments: kept, locked, versioned, encrypted. */
@Module({
  controllers: [StateBackendController, StateController],
  providers: [States, StateLocks, StateOwners, StateDesk, StateContents, StateWorkshop, StateRepository, LargeStates],
  exports: [States, StateLocks, StateOwners],
})
export class StateModule {}
