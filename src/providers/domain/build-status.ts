export const BUILD_STATUSES = ['queued', 'building', 'success', 'failed', 'cancelled'] as const;
export type BuildStatus = (typeof BUILD_STATUSES)[number];

/** Which status may follow which; nothing follows an end. */
const NEXT: Record<BuildStatus, readonly BuildStatus[]> = {
  // A build whose server was killed goes back into the queue and begins anew.
  queued: ['building', 'failed', 'cancelled'],
  building: ['queued', 'success', 'failed', 'cancelled'],
  success: [],
  failed: [],
  cancelled: [],
};

export function mayFollow(from: BuildStatus, to: BuildStatus): boolean {
  return NEXT[from].includes(to);
}

export function hasEnded(status: BuildStatus): boolean {
  return NEXT[status].length === 0;
}
