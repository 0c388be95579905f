/** The parts of a run that write a log, in their order. */
export const LOG_PHASES = ['clone', 'init', 'plan', 'apply'] as const;
export type LogPhase = (typeof LOG_PHASES)[number];
