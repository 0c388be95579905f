import { plainOperation } from '../domain/lock-info';
import type { StateLockEntity } from '../persistence/state-lock.entity';
import type { StateVersionEntity } from '../persistence/state-version.entity';

/** One accepted state. Nothing of it ever changes. */
export class StateVersionResponse {
  id!: string;

  serial!: number;

  lineage!: string;

  /** Of the state as it was sent, in hex. */
  sha256!: string;

  size_bytes!: number;

  /** The run that wrote it; null for a person. */
  run_id!: string | null;

  created_at!: string;
}

export function toStateVersionResponse(version: StateVersionEntity): StateVersionResponse {
  return {
    id: version.id,
    serial: version.serial,
    lineage: version.lineage,
    sha256: version.sha256,
    size_bytes: version.sizeBytes,
    run_id: version.runId,
    created_at: version.createdAt,
  };
}

/** Who works on a state at the moment. */
export class StateLockResponse {
  id!: string;

  /** @example 'apply' */
  operation!: string;

  /** Who started the run, or the key in use. */
  who!: string;

  /** What the tool says of itself. */
  info!: string;

  created!: string;

  run_id!: string | null;
}

export function toStateLockResponse(lock: StateLockEntity): StateLockResponse {
  return {
    id: lock.lockId,
    operation: plainOperation(lock.info.Operation),
    who: lock.heldBy,
    info: [lock.info.Info, lock.info.Who].filter((part) => part !== '').join(' '),
    created: lock.createdAt,
    run_id: lock.runId,
  };
}

/** As `shownOutputs` writes it. */
export class StateOutputResponse {
  /** Any JSON; null for a sensitive one. */
  value!: unknown;

  /** The type, as the state has it. */
  type!: unknown;

  sensitive!: boolean;
}
