export type { StateAuthor } from './domain/state-author';
export type { StateKey } from './domain/state-key';
export { StateLocks } from './state-locks.service';
export { StateModule } from './state.module';
export { type StateOwner, StateOwners } from './state-owners';
export { States } from './states.service';
