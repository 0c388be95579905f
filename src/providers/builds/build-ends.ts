/** A build came to its end without success; the message is for people. */
export class BuildFailedError extends Error {}

/** Somebody wanted it to end. */
export class BuildCancelledError extends Error {}

/** The build was moved by somebody else, or deleted, while it was worked on. */
export class BuildMovedError extends Error {}
