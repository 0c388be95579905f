import type { MigrationInterface } from 'typeorm';
import { Initial1764000000000 } from './1764000000000-initial';
import { Registry1764250000000 } from './1764250000000-registry';
import { State1764260000000 } from './1764260000000-state';
import { Variables1764270000000 } from './1764270000000-variables';
import { Approvals1764280000000 } from './1764280000000-approvals';
import { RunLists1764290000000 } from './1764290000000-run-lists';
import { StateOrder1764300000000 } from './1764300000000-state-order';

/** All migrations, oldest first. An explicit list: what runs never depends on which files lie about. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  Initial1764000000000,
  Registry1764250000000,
  State1764260000000,
  Variables1764270000000,
  Approvals1764280000000,
  RunLists1764290000000,
  StateOrder1764300000000,
];
