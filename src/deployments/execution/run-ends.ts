/** The run cannot go on: it ends as `failed`, with this message for people. */
export class RunFailedError extends Error {
  constructor(
    message: string,
    readonly exitCode: number | null = null,
  ) {
    super(message);
  }
}

/** The run was asked to end and has: it ends as `cancelled`. */
export class RunCancelledError extends Error {
  constructor(readonly exitCode: number | null = null) {
    super('The run was cancelled.');
  }
}

/** A command before the approval was lost with its runner: the work is begun once more. */
export class RunnerLostError extends Error {}
