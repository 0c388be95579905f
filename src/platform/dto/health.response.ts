export class LivenessResponse {
  /** @example 'live' */
  status!: 'live';
}

/** Each is `ok`, or says what is wrong. */
export class ReadinessChecksResponse {
  /** Can be written. */
  database!: string;

  /** Can be written and has space left. */
  work_root!: string;

  /** Can be started. */
  runner!: string;

  /** Not about to stop. */
  server!: string;
}

export class ReadinessResponse {
  /** @example 'ready' */
  status!: 'ready' | 'not_ready';

  checks!: ReadinessChecksResponse;
}
