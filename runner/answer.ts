import type { Writable } from 'node:stream';
import type { RunnerResponse } from './protocol/runner-protocol';

/** Gives the one answer of this process and ends it. Whoever comes second has come too late. */
export class Answer {
  private isGiven = false;

  constructor(
    private readonly stdout: Writable,
    private readonly exit: (status: number) => void,
  ) {
    // Nobody is there to read the answer any more: then it was not given, and the status must not say success.
    stdout.on('error', () => this.exit(1));
  }

  /** Writes one line; ends the process when the line has been taken, with 0 only when `success` is true. */
  give(response: RunnerResponse): void {
    if (this.isGiven) return;
    this.isGiven = true;
    this.stdout.write(`${JSON.stringify(response)}\n`, (error) => this.exit(response.success && !error ? 0 : 1));
  }
}
