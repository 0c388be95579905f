import type { NextFunction, Request, Response } from 'express';

/** Longest silence of a client that is sending a body. */
export const BODY_IDLE_MS = 60_000;

/**
 * Ends a request whose body does not come any further. A limit of the whole time would be one of the speed of the
 * client's line, and uploads may be large.
 */
export function limitIdleBodies(idleMs = BODY_IDLE_MS) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
    if (length !== '0' || encoding !== undefined) {
      request.setTimeout(idleMs, () => request.destroy());
      // What follows is the server's time.
      request.once('end', () => request.setTimeout(0));
    }
    next();
  };
}
