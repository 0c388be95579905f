import { Clock } from '../../src/common/clock';
import type { TestServer } from './test-server';

/** The clock of a test server, which goes on running from wherever it was moved to. */
export class MovedClock {
  private offsetMs = 0;

  /** Takes over the server's clock for good. */
  constructor(server: TestServer) {
    server.application.app.get(Clock).now = () => new Date(Date.now() + this.offsetMs);
  }

  advance(milliseconds: number): void {
    this.offsetMs += milliseconds;
  }

  /** Back to the true time. */
  reset(): void {
    this.offsetMs = 0;
  }
}
