import type { StateHeader } from './state-document';

/** A state that is there, or wants to be. */
export interface ComparedState extends StateHeader {
  sha256: string;
}

/** The newest version there is. */
export interface PresentState extends ComparedState {
  /** Null when that cannot be seen. */
  resourceCount: number | null;
}

/** What else decides. */
export interface SuccessionContext {
  /** Whether the author may begin another lineage: a person may, a run goes on with the state it has read. */
  mayChangeLineage: boolean;
  /** Whether it is an older version, written anew: somebody says what is right, whatever is there now. */
  isRollback: boolean;
  /** The highest serial among the versions of the lineage of the next state; null when there are none. */
  highestSerial: number | null;
}

export type Succession =
  /** It is the next version. `endedLineage` is the one that it takes the place of; null when it goes on with it. */
  | { kind: 'next'; endedLineage: string | null }
  /** It is what is there already: an answer was lost, and the tool sent it again. */
  | { kind: 'same' }
  | { kind: 'refused'; reason: string };

/**
 * Whether a state may follow the present one: of the same lineage, with a higher serial. Nothing else can come from a
 * tool that has seen the present one, and to take it would lose what that holds.
 *
 * One that holds no resources has nothing to lose: a person may put the state of something else in its place. So does
 * terraform: `init -migrate-state` and `state push` send a state of any lineage to where nothing is, without being
 * forced. Within a lineage serials grow over all versions, also when another one was there in between, since a saved
 * plan is told from a stale one by lineage and serial.
 */
export function succession(
  present: PresentState | null,
  next: ComparedState,
  { mayChangeLineage, isRollback, highestSerial }: SuccessionContext,
): Succession {
  if (present === null) return { kind: 'next', endedLineage: null };
  if (present.sha256 === next.sha256) return { kind: 'same' };
  if (present.lineage === '' || next.lineage === present.lineage) {
    if (next.serial > present.serial) return { kind: 'next', endedLineage: null };
    return refuse(
      `its serial is ${next.serial}, and the present state has ${present.serial}: somebody changed it meanwhile`,
    );
  }
  const obstacle = isRollback ? null : obstacleToAnotherLineage(present, next, mayChangeLineage);
  if (obstacle !== null) {
    return refuse(`it has the lineage "${next.lineage}", and the present state "${present.lineage}": ${obstacle}`);
  }
  if (highestSerial !== null && next.serial <= highestSerial) {
    return refuse(
      `its serial is ${next.serial}, and a version of its lineage has ${highestSerial} already: roll back to a version instead`,
    );
  }
  return { kind: 'next', endedLineage: present.lineage };
}

/** The serial that an older version gets when it is written anew. */
export function serialOfRollback(present: StateHeader | null, highestSerial: number): number {
  return Math.max(present?.serial ?? 0, highestSerial) + 1;
}

function obstacleToAnotherLineage(
  { resourceCount }: PresentState,
  next: ComparedState,
  mayChangeLineage: boolean,
): string | null {
  if (!mayChangeLineage || next.lineage === '') return 'it is the state of something else';
  if (resourceCount === 0) return null;
  const held = resourceCount === null ? 'may hold resources (the tool has encrypted it)' : 'holds resources';
  return `it is the state of something else, and the present one ${held}, which nobody would know of any more. Destroy them first; or roll back to a version, if the present state is here by mistake`;
}

function refuse(reason: string): Succession {
  return { kind: 'refused', reason };
}
