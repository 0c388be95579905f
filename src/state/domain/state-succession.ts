import type { StateHeader } from './state-document';

/** The newest version there is. */
export interface PresentState extends StateHeader {
  sha256: string;
}

export type Succession =
  /** It is the next version. */
  | { kind: 'next' }
  /** It is what is there already: an answer was lost, and the tool sent it again. */
  | { kind: 'same' }
  | { kind: 'refused'; reason: string };

/**
 * Whether a state may follow the present one: of the same lineage, with a higher serial. Nothing else can come from a
 * tool that has seen the present one, and to take it would lose what that holds.
 */
export function succession(present: PresentState | null, next: PresentState): Succession {
  if (present === null) return { kind: 'next' };
  if (present.sha256 === next.sha256) return { kind: 'same' };
  if (present.lineage !== '' && next.lineage !== present.lineage) {
    return {
      kind: 'refused',
      reason: `it has the lineage "${next.lineage}", and the present state "${present.lineage}": it is the state of something else`,
    };
  }
  if (next.serial <= present.serial) {
    return {
      kind: 'refused',
      reason: `its serial is ${next.serial}, and the present state has ${present.serial}: somebody changed it meanwhile`,
    };
  }
  return { kind: 'next' };
}
