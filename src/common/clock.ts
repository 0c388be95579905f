/** The wall clock; a port, so that tests can move it. */
export abstract class Clock {
  abstract now(): Date;

  /** Now as it is stored and sent: RFC 3339 in UTC with milliseconds. */
  timestamp(): string {
    return this.now().toISOString();
  }
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}
