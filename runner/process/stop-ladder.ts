import { performance } from 'node:perf_hooks';

/**
 * A signal in the very first moment may hit the shell between setting its traps and starting the tool, and be lost.
 * After this time the tool is there.
 */
const SETTLE_MS = 100;

/**
 * Stops a tool in two steps: one SIGINT to its whole process group, and SIGKILL when the grace period is over.
 *
 * Never more than one SIGINT: at the second one terraform gives up without saving. Never SIGTERM to the group: it
 * reaches the providers, which die in the middle of creating something that is then in no state. Measured.
 */
export class StopLadder {
  private readonly startedAt = performance.now();
  private step: 'running' | 'interrupted' | 'ended' = 'running';
  private wasKilled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pid: number,
    private readonly graceMs: number,
  ) {}

  /** First step. Does nothing when it was taken before. */
  interrupt(): void {
    if (this.step !== 'running') return;
    this.step = 'interrupted';
    const young = Math.max(0, this.startedAt + SETTLE_MS - performance.now());
    this.timer = setTimeout(() => {
      signalGroup(this.pid, 'SIGINT');
      this.timer = setTimeout(() => this.kill(), this.graceMs);
    }, young);
  }

  /** Second step, at once. */
  kill(): void {
    if (this.step === 'ended') return;
    clearTimeout(this.timer);
    this.step = 'interrupted';
    this.wasKilled = true;
    signalGroup(this.pid, 'SIGKILL');
  }

  /** The tool has ended by itself or by this: no signal is sent any more, since the number may be someone else's. */
  end(): void {
    clearTimeout(this.timer);
    this.step = 'ended';
  }

  get hasKilled(): boolean {
    return this.wasKilled;
  }
}

/** Signals a process group; falls back to its leader, which has no group yet when it was forked a moment ago. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (!trySignal(-pid, signal)) trySignal(pid, signal);
}

/** @returns false when there is no such process or it is not ours to signal. */
export function trySignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch {
    return false;
  }
}
