/** The call cannot be made as asked, and nothing was started. The message is written for the caller. */
export class CallRefusedError extends Error {
  override readonly name = 'CallRefusedError';
}
