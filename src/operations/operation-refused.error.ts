/** What an operator can mend: the message says what happened and what to do. Nothing was changed. */
export class OperationRefusedError extends Error {}
